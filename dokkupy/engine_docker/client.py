"""The SDK's client: imported and connected on first use, its exceptions turned into ours."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dokkupy.engine_docker.refusals import refusal, unanswered, unreachable, vanished
from dokkupy.engine_docker.wire import open_stream
from dokkupy.errors import DokkupyError, EngineError

if TYPE_CHECKING:
    from docker import APIClient

TIMEOUT_SECONDS: Final = 60.0
"""How long an ordinary request may take."""

_OLDEST_API: Final = "1.41"
"""Engine 20.10 (December 2020): Debian 12's."""


class Client:
    """One pool of connections to the engine behind `socket`, safe to use from threads."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._opening = threading.Lock()
        self._api: APIClient | None = None

    @contextmanager
    def asking(self, timeout: float = TIMEOUT_SECONDS) -> Iterator[APIClient]:
        """Give the SDK's client, and turn what it raises inside the block into our errors.

        `timeout` is how many seconds the engine may be silent.
        """
        try:
            if timeout == TIMEOUT_SECONDS:
                yield self._open()
            else:
                patient = self._connect(self._open().api_version, timeout)
                try:
                    yield patient
                finally:
                    patient.close()
        except _foreign_errors() as error:
            raise self._translated(error, timeout) from error

    def ping(self) -> str:
        """Return the engine's version, as proof that it answers."""
        with open_stream(self.socket, "GET", "/_ping") as answer:
            server = answer.headers.get("server", "")
        return server.removeprefix("Docker/").partition(" ")[0]

    def inspect_image(self, reference: str) -> dict[str, Any]:
        """Return the engine's answer to ImageInspect.

        Without the SDK: a build by BuildKit begins with this, and need not wait for the import.
        """
        with open_stream(self.socket, "GET", f"/images/{reference}/json") as answer:
            body = answer.read_all()
        try:
            return dict(json.loads(body))
        except ValueError as error:  # a name with `..` leads elsewhere in the API
            raise refusal(404, f"No such image: {reference}") from error

    def warm(self) -> None:
        """Import the SDK now; a failure to connect is kept for whoever asks next."""
        try:
            with self.asking():
                pass
        except EngineError:
            return

    def close(self) -> None:
        """Close the idle connections."""
        with self._opening:
            if self._api is not None:
                self._api.close()
                self._api = None

    def _open(self) -> APIClient:
        with self._opening:
            if self._api is None:
                # An engine that is down is noticed before the SDK has to be imported.
                with open_stream(self.socket, "GET", "/_ping") as answer:
                    offered = answer.headers.get("api-version", _OLDEST_API)
                from docker.constants import DEFAULT_DOCKER_API_VERSION

                version = min(offered, DEFAULT_DOCKER_API_VERSION, key=_version_key)
                self._api = self._connect(version, TIMEOUT_SECONDS)
            return self._api

    def _connect(self, version: str, timeout: float) -> APIClient:
        from docker import APIClient

        # The SDK hands the number to requests, which takes fractions too.
        api = APIClient(base_url=f"unix://{self.socket}", version=version, timeout=timeout)  # type: ignore[arg-type]
        # No proxy and no .netrc has a say about a socket of this host.
        api.trust_env = False
        return api

    def _translated(self, error: Exception, timeout: float) -> DokkupyError:
        from docker.errors import APIError
        from requests.exceptions import ConnectionError as RequestsConnectionError
        from requests.exceptions import Timeout
        from urllib3.exceptions import ProtocolError, ReadTimeoutError

        if isinstance(error, APIError):
            status = error.response.status_code if error.response is not None else 500
            return refusal(status, str(error.explanation or error))
        if isinstance(error, Timeout | ReadTimeoutError):
            return unanswered(timeout)
        if isinstance(error, ProtocolError):
            return vanished()
        if isinstance(error, RequestsConnectionError):
            return unreachable(self.socket, error)
        return EngineError(
            f"Docker's client library failed: {error}.", hint="See whether it answers: docker info"
        )


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _foreign_errors() -> tuple[type[Exception], ...]:
    """Return what the SDK lets through; evaluated only once something has been raised."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    return DockerException, RequestException, HTTPError
