"""Questions to the engine that have one answer, in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dokkupy.engine_docker.wire import ANSWER_SECONDS, Method, Upload, open_stream

if TYPE_CHECKING:
    from dokkupy.engine import RegistryLogin


class Client:
    """The engine behind a socket; has no state and may be used from threads."""

    def __init__(self, socket: Path, logins: Callable[[], Sequence[RegistryLogin]] = tuple) -> None:
        self.socket = socket
        self.logins = logins
        """Asked for who we are to registries whenever one is to be talked to."""

    def ping(self) -> str:
        """Return the engine's version, as proof that it answers."""
        with open_stream(self.socket, "GET", "/_ping") as answer:
            server = answer.headers.get("server", "")
        return server.removeprefix("Docker/").partition(" ")[0]

    def get(self, path: str, *, timeout: float = ANSWER_SECONDS, **query: str) -> Any:
        """Return what the engine says about something within `timeout` seconds."""
        return self._call("GET", path, query, None, timeout)

    def post(
        self,
        path: str,
        body: Mapping[str, object] | Upload | None = None,
        *,
        timeout: float = ANSWER_SECONDS,
        **query: str,
    ) -> Any:
        """Have the engine do something within `timeout` seconds, and return what it says."""
        return self._call("POST", path, query, body, timeout)

    def put(self, path: str, body: Upload, query: Mapping[str, str]) -> None:
        """Have the engine take in an archive."""
        self._call("PUT", path, query, body, ANSWER_SECONDS)

    def delete(self, path: str, **query: str) -> None:
        """Have the engine remove something."""
        self._call("DELETE", path, query, None, ANSWER_SECONDS)

    def _call(
        self,
        method: Method,
        path: str,
        query: Mapping[str, str],
        body: object,
        timeout: float,
    ) -> Any:
        with open_stream(
            self.socket, method, path, query=query, body=body, timeout=timeout
        ) as answer:
            content = answer.read_all()
        return json.loads(content) if content.strip() else None


def matching(**filters: str | list[str]) -> str:
    """Return the value of a `filters` parameter."""
    return json.dumps({key: [f] if isinstance(f, str) else f for key, f in filters.items()})


def carrying(labels: Mapping[str, str]) -> str:
    """Return the value of a `filters` parameter for things that carry all of `labels`."""
    return matching(label=[f"{key}={value}" for key, value in labels.items()])
