"""Registries as Docker talks to them: logins, and images sent there with their progress."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from dokkupy.engine_docker import docker_config
from dokkupy.engine_docker.references import split_reference
from dokkupy.engine_docker.wire import messages, open_stream
from dokkupy.errors import EngineError, Refused

if TYPE_CHECKING:
    from dokkupy.engine import RegistryLogin
    from dokkupy.engine_docker.client import Client

HUB: Final = "docker.io"
_HUB_ADDRESS: Final = "https://index.docker.io/v1/"
_HEADER: Final = "X-Registry-Auth"
_LOCKED: Final = ("unauthorized", "no basic auth", "denied", "authentication required")
_TOLD: Final = ("Pushed", "Layer already exists", "Mounted from")
_SLOW: Final = 8 * 1024 * 1024
"""Bytes from which on a layer tells how far it is."""
_PARTS: Final = 4


def host_of(repository: str) -> str:
    """Return the registry that a name without its tag begins with."""
    first, slash, _ = repository.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    return first if named else HUB


def headers(logins: Sequence[RegistryLogin], repository: str) -> Mapping[str, str]:
    """Return the header by which a registry knows us; the docker client's own when we have none."""
    host = host_of(repository)
    for login in logins:
        if login.host == host:
            return {_HEADER: encoded(credentials(login))}
    return docker_config.pull_headers(repository)


def build_headers(logins: Sequence[RegistryLogin]) -> Mapping[str, str]:
    """Return the header with every login, ours before the docker client's, for base images."""
    known = dict(docker_config.build_credentials())
    for login in logins:
        found = credentials(login)
        known[found["serveraddress"]] = found
    return {"X-Registry-Config": encoded(known)} if known else {}


def credentials(login: RegistryLogin) -> dict[str, str]:
    """Return a login as the engine's API has it."""
    address = _HUB_ADDRESS if login.host == HUB else login.host
    return {"username": login.user, "password": login.secret, "serveraddress": address}


def encoded(value: object) -> str:
    """Return a value as the engine's headers carry it."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode("ascii")


def check_login(client: Client, login: RegistryLogin) -> None:
    """Ask a registry whether it lets somebody in.

    Raises:
        Refused: it does not.
        EngineError: it does not answer.
    """
    try:
        client.post("/auth", credentials(login))
    except EngineError as error:
        if _is_locked(error.message):
            raise Refused(
                f"{login.host} does not let {login.user!a:.80} in.",
                hint=f"Check both, and log in again: dokkupy registry login {login.host} USER",
            ) from error
        raise EngineError(
            f"The registry {login.host} cannot be asked.",
            hint=f"See whether it answers: curl https://{login.host}/v2/",
            detail=error.message,
        ) from error


def push(client: Client, reference: str, on_line: Callable[[str], None], timeout: float) -> str:
    """Send an image to the registry in its name, and return its digest there.

    Raises:
        ImageNotFound: there is no such image here.
        Refused: the registry does not let us in.
        EngineError: it does not answer, or not within `timeout` seconds.
    """
    client.get(f"/images/{reference}/json")
    repository, tag = split_reference(reference)
    given = headers(client.logins(), repository) or {_HEADER: encoded({})}
    deadline = time.monotonic() + timeout
    progress = _Progress(on_line)
    try:
        with open_stream(
            client.socket,
            "POST",
            f"/images/{repository}/push",
            query={"tag": tag},
            headers=given,
            timeout=timeout,
        ) as stream:
            for message in messages(stream):
                progress.take(message)
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                stream.connection.settimeout(left)
    except TimeoutError:
        raise EngineError(
            f"{reference} was not sent after {timeout:g} s.",
            hint="Send it again: the layers that arrived need not be sent a second time.",
        ) from None
    if progress.error:
        raise _refusal(reference, host_of(repository), progress.error)
    return progress.digest


def _refusal(reference: str, host: str, error: str) -> Refused | EngineError:
    if _is_locked(error):
        return Refused(
            f"{host} does not let this root send {reference}.",
            hint=f"Log in: dokkupy registry login {host} USER < FILE",
            detail=error,
        )
    return EngineError(
        f"{reference} could not be sent.",
        hint=f"See whether the registry answers: curl https://{host}/v2/",
        detail=error,
    )


def pull_hint(reference: str, reason: str) -> str:
    """Return what mends it that an image cannot be fetched."""
    if _is_locked(reason):
        host = host_of(split_reference(reference)[0])
        return f"Check its name, and log in: dokkupy registry login {host} USER < FILE"
    return f"See why: docker pull {reference}"


def _is_locked(error: str) -> bool:
    return any(sign in error.lower() for sign in (*_LOCKED, str(HTTPStatus.UNAUTHORIZED.value)))


class _Progress:
    """Turns the engine's messages, several a second for each layer, into a few lines."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._parts: dict[str, int] = {}
        self.digest = ""
        self.error = ""

    def take(self, message: Mapping[str, Any]) -> None:
        if "error" in message:
            self.error = str(message["error"])
        elif "aux" in message:
            self.digest = str(message["aux"].get("Digest", ""))
        elif layer := message.get("id"):
            self._layer(str(layer), str(message.get("status", "")), message)

    def _layer(self, layer: str, status: str, message: Mapping[str, Any]) -> None:
        if status.startswith(_TOLD):
            self._on_line(f"{layer}: {status.lower()}")
            return
        detail = message.get("progressDetail") or {}
        current, total = detail.get("current", 0), detail.get("total", 0)
        if total >= _SLOW and current < total:
            part = current * _PARTS // total
            if part > self._parts.setdefault(layer, 0):
                self._parts[layer] = part
                self._on_line(f"{layer}: {current // 10**6} of {total // 10**6} MB")
