"""A socket between dokkupy and the engine on which one request fails."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, Literal, Self

from dokkupy.engine_docker.engine import DEFAULT_SOCKET

Fault = Literal["refused", "lost"]
"""The engine says no before it does anything; it does it, and its answer never arrives."""

WORDS: Final = "The engine is out of sorts."
_HEAD: Final = re.compile(rb"(GET|HEAD|POST|DELETE|PUT) (\S+) HTTP/1\.[01]\r\n")
NAMED: Final = ("containers", "images", "networks", "volumes")
"""What a request names one of."""
_CHUNK: Final = 65536


def kind_of(method: str, target: str) -> str:
    """Return a request without what it is about: `POST /containers/*/start`."""
    path = re.sub(r"^/v\d+\.\d+", "", target.partition("?")[0])
    noun, *rest = path.strip("/").split("/")
    if noun not in NAMED or not rest or rest in (["create"], ["json"]):
        return f"{method} {path}"
    # The name of an image may have slashes in it.
    verb = [rest[-1]] if len(rest) > 1 and rest[-1].isalpha() else []
    return f"{method} /{'/'.join([noun, '*', *verb])}"


class Door:
    """The socket; requests pass through it, and the one that was chosen fails."""

    def __init__(self, folder: Path, engine: Path = DEFAULT_SOCKET) -> None:
        self.path = folder / "engine.sock"
        self.requests: list[str] = []
        """The kinds that have come, in order."""
        self.failed = ""
        """The kind that failed."""
        self._engine = engine
        self._chosen: tuple[str, int, Fault] | None = None
        self._lock = threading.Lock()

    def fail(self, kind: str, number: int, fault: Fault) -> None:
        """Let the request fail that is the `number`-th of its kind from now on."""
        with self._lock:
            self.requests, self.failed, self._chosen = [], "", (kind, number, fault)

    def calm(self) -> None:
        """Let nothing fail from now on."""
        with self._lock:
            self.requests, self.failed, self._chosen = [], "", None

    def __enter__(self) -> Self:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(64)
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()

    def _accept(self) -> None:
        while True:
            try:
                visitor, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(visitor,), daemon=True).start()

    def _serve(self, visitor: socket.socket) -> None:
        with ExitStack() as opened, suppress(OSError):
            opened.enter_context(visitor)
            engine = opened.enter_context(socket.socket(socket.AF_UNIX))
            engine.connect(str(self._engine))
            back: threading.Thread | None = None
            for arrived in iter(lambda: visitor.recv(_CHUNK), b""):
                fault = self._fault(arrived)
                if fault == "refused":
                    visitor.sendall(answer(500, WORDS))
                    return
                engine.sendall(arrived)
                if fault == "lost":
                    self._take_rest(visitor, engine)
                    return
                if back is None:
                    back = threading.Thread(target=_pump, args=(engine, visitor), daemon=True)
                    back.start()
            with suppress(OSError):
                engine.shutdown(socket.SHUT_WR)
            if back is not None:
                back.join()

    @staticmethod
    def _take_rest(visitor: socket.socket, engine: socket.socket) -> None:
        """Let the engine do what it was asked for, and keep its answer."""
        forward = threading.Thread(target=_pump, args=(visitor, engine), daemon=True)
        forward.start()
        engine.recv(_CHUNK)
        with suppress(OSError):
            visitor.shutdown(socket.SHUT_RDWR)
        forward.join()

    def _fault(self, arrived: bytes) -> Fault | None:
        head = _HEAD.match(arrived)
        if head is None:
            return None
        kind = kind_of(head[1].decode(), head[2].decode())
        with self._lock:
            self.requests.append(kind)
            if self._chosen is None or self._chosen[:2] != (kind, self.requests.count(kind)):
                return None
            self.failed = kind
            return self._chosen[2]


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        for arrived in iter(lambda: source.recv(_CHUNK), b""):
            target.sendall(arrived)
        target.shutdown(socket.SHUT_WR)


def answer(status: int, words: str) -> bytes:
    """Return the whole answer of an engine that refuses."""
    head = f"HTTP/1.0 {status} No\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    return f'{head}{{"message": "{words}"}}\n'.encode()
