"""Requests without the SDK: whose answer is a stream (waiting, logs, terminals), and the ping.

The SDK cannot give up half-way in such an answer, and loses what arrives together with its head.
These few requests are HTTP/1.0, whose body is simply all bytes until the end (RFC 9112, 6.3).
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self
from urllib.parse import quote, urlencode

from dokkupy.engine_docker.refusals import refusal, unanswered, unreachable, vanished

_ANSWER_SECONDS: Final = 60.0
_LONGEST_HEAD: Final = 65536
_CHUNK: Final = 65536
_FRAME_HEADER: Final = 8

Output = Literal[1, 2]
"""1 is stdout, 2 stderr."""


class Stream:
    """The body of an answer while it is still coming, and the way back to its process."""

    def __init__(
        self, connection: socket.socket, rest: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        self.connection = connection
        self.headers = headers or {}
        """By lower-case name."""
        self._rest = rest

    @property
    def has_rest(self) -> bool:
        """Whether bytes have arrived that `fileno` will not announce any more."""
        return bool(self._rest)

    def fileno(self) -> int:
        """Return the descriptor to poll."""
        return self.connection.fileno()

    def read(self) -> bytes:
        """Return what has arrived, waiting for something; empty at the end."""
        if self._rest:
            rest, self._rest = self._rest, b""
            return rest
        try:
            return self.connection.recv(_CHUNK)
        except ConnectionError:
            return b""

    def read_all(self) -> bytes:
        """Return the whole rest of the body."""
        return b"".join(iter(self.read, b""))

    def close_input(self) -> None:
        """Tell the process at the other end that its stdin is over."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Hang up."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_stream(
    engine: Path,
    method: Literal["GET", "POST"],
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    body: object = None,
    hijack: bool = False,
) -> Stream:
    """Send a request and return its answer once the head is there.

    `hijack` asks the engine to turn the connection into the raw one of a process. The path has
    no API version: these requests are the same in every one.

    Raises:
        NotFound, Conflict, EngineError: what the engine refused, or that it does not answer.
    """
    target = quote(path) + (f"?{urlencode(query)}" if query else "")
    content = b"" if body is None else json.dumps(body).encode()
    head = [f"{method} {target} HTTP/1.0", "Host: docker", f"Content-Length: {len(content)}"]
    if content:
        head.append("Content-Type: application/json")
    if hijack:
        head += ["Connection: Upgrade", "Upgrade: tcp"]
    request = ("\r\n".join(head) + "\r\n\r\n").encode("ascii") + content
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        stream = _exchange(connection, engine, request)
    except BaseException:
        connection.close()
        raise
    return stream


def _exchange(connection: socket.socket, engine: Path, request: bytes) -> Stream:
    connection.settimeout(_ANSWER_SECONDS)
    try:
        connection.connect(str(engine))
        connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received and len(received) < _LONGEST_HEAD:
            arrived = connection.recv(_CHUNK)
            if not arrived:
                raise vanished()
            received += arrived
    except TimeoutError as error:
        raise unanswered(_ANSWER_SECONDS) from error
    except OSError as error:
        raise unreachable(engine, error) from error
    connection.settimeout(None)
    head, _, rest = received.partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    named = (field.partition(":") for field in fields)
    stream = Stream(connection, rest, {name.lower(): text.strip() for name, _, text in named})
    words = first.split(None, 2)
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 500
    if status >= 400:
        raise refusal(status, _message(stream.read_all()))
    return stream


def _message(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
    return str(answer.get("message", answer)) if isinstance(answer, dict) else str(answer)


class Frames:
    """Takes the engine's multiplexed output apart: header of 8 bytes, then the payload.

    See "Stream format" under ContainerAttach in Docker's API reference.
    """

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, arrived: bytes) -> Iterator[tuple[Output, bytes]]:
        """Yield what the bytes so far complete."""
        self._pending += arrived
        while len(self._pending) >= _FRAME_HEADER:
            end = _FRAME_HEADER + int.from_bytes(self._pending[4:_FRAME_HEADER], "big")
            if len(self._pending) < end:
                return
            payload = self._pending[_FRAME_HEADER:end]
            output: Output = 2 if self._pending[0] == 2 else 1
            self._pending = self._pending[end:]
            yield output, payload
