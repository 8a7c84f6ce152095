"""HTTP with the engine over its socket.

The engine's API is JSON over a unix socket, and nothing but the standard library is needed to
speak it: the SDK takes 0.13 s of processor time to be imported, which every command would pay,
cannot give up half-way in a streamed answer, and loses what arrives together with its head.

Requests are HTTP/1.0: one connection each, whose body is simply all bytes until the end
(RFC 9112, 6.3). Paths carry no API version, so that every engine answers with its own newest.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self
from urllib.parse import quote, urlencode

from dokkupy.engine_docker.refusals import refusal, unanswered, unreachable, vanished

ANSWER_SECONDS: Final = 60.0
"""How long the engine may take to begin an answer."""

_LONGEST_HEAD: Final = 65536
_CHUNK: Final = 65536
_FRAME_HEADER: Final = 8

Method = Literal["GET", "POST", "PUT", "DELETE"]
Output = Literal[1, 2]
"""1 is stdout, 2 stderr."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A body that is made while it is sent."""

    size: int
    """Bytes in all pieces."""
    pieces: Iterable[bytes]


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
    method: Method,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    hijack: bool = False,
    timeout: float | None = ANSWER_SECONDS,
) -> Stream:
    """Send a request and return its answer once the head is there.

    `body` is an `Upload`, or anything that JSON can hold. `hijack` asks the engine to turn the
    connection into the raw one of a process. `timeout` is for the head alone.

    Raises:
        NotFound, Conflict, EngineError: what the engine refused, or that it does not answer.
    """
    upload = body if isinstance(body, Upload) else _as_json(body)
    fields = {"Host": "docker", "Content-Length": str(upload.size), **(headers or {})}
    if upload.size and upload is not body:
        fields["Content-Type"] = "application/json"
    if hijack:
        fields |= {"Connection": "Upgrade", "Upgrade": "tcp"}
    target = quote(path) + (f"?{urlencode(query)}" if query else "")
    lines = [f"{method} {target} HTTP/1.0", *(f"{key}: {text}" for key, text in fields.items())]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        received = _exchange(connection, engine, head, upload.pieces, timeout or 0.0)
        return _answer(connection, received, path)
    except BaseException:
        connection.close()
        raise


def _as_json(body: object) -> Upload:
    content = b"" if body is None else json.dumps(body).encode()
    return Upload(size=len(content), pieces=(content,))


def _exchange(
    connection: socket.socket, engine: Path, head: bytes, pieces: Iterable[bytes], timeout: float
) -> bytes:
    """Send a request and return the answer's head with what arrived behind it."""
    try:
        connection.connect(str(engine))
        # One that refuses need not hear us out: its answer is there all the same.
        with suppress(BrokenPipeError):
            connection.sendall(head)
            for piece in pieces:
                connection.sendall(piece)
        received = b""
        while b"\r\n\r\n" not in received and len(received) < _LONGEST_HEAD:
            arrived = connection.recv(_CHUNK)
            if not arrived:
                raise vanished()
            received += arrived
    except TimeoutError as error:
        raise unanswered(timeout) from error
    except ConnectionResetError as error:
        raise vanished() from error
    except OSError as error:
        raise unreachable(engine, error) from error
    connection.settimeout(None)
    return received


def _answer(connection: socket.socket, received: bytes, path: str) -> Stream:
    head, _, rest = received.partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    named = (field.partition(":") for field in fields)
    stream = Stream(connection, rest, {name.lower(): text.strip() for name, _, text in named})
    words = first.split(None, 2)
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 500
    if 300 <= status < 400 and status != 304:
        # A name with `..` or without anything leads elsewhere in the API: it names nothing.
        kind = path.split("/")[1].removesuffix("s")
        raise refusal(404, f"No such {kind}: {path.split('/', 2)[2]}")
    if status >= 400:
        raise refusal(status, _message(stream.read_all()))
    return stream


def _message(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
    return str(answer.get("message", answer)) if isinstance(answer, dict) else str(answer)


def messages(stream: Stream) -> Iterator[dict[str, object]]:
    """Yield the JSON objects of an answer that tells of progress, one a line."""
    pending = b""
    for arrived in iter(stream.read, b""):
        *complete, pending = (pending + arrived).split(b"\n")
        yield from (json.loads(line) for line in complete if line.strip())
    if pending.strip():
        yield json.loads(pending)


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
