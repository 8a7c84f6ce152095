"""Real HTTP answers on loopback addresses, for containers that are not real."""

from __future__ import annotations

import itertools
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from dokkupy.testing.program import Program

_LONGEST_HEAD: Final = 65536
_BLOCKS_PER_PROCESS: Final = 16


def loopback_subnets() -> Iterator[str]:
    """Yield /24s within 127.0.0.0/8 that no other test process uses at the same time.

    The process id picks them: two living processes differ in it.
    """
    for step in itertools.count(os.getpid() * _BLOCKS_PER_PROCESS):
        block = 0x100 + step % 0xFE00
        yield f"127.{block >> 8}.{block & 0xFF}.0/24"


class LoopbackServer:
    """Answers HTTP on one address as a `Program` says, until it is closed."""

    def __init__(self, address: str, port: int, program: Program) -> None:
        self._program = program
        self._closed = threading.Event()
        self._listener = socket.create_server((address, port))
        threading.Thread(target=self._accept, name=f"fake-{address}:{port}", daemon=True).start()

    def close(self) -> None:
        """Stop listening; answers that have begun are finished, delayed ones cut off."""
        self._closed.set()
        with suppress(OSError):
            # Closing alone would leave the thread in accept(2), and the port open.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self._program.delay:
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()
            else:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(10)
            head = b""
            while b"\r\n\r\n" not in head and len(head) < _LONGEST_HEAD:
                arrived = connection.recv(4096)
                if not arrived:
                    return
                head += arrived
            if self._closed.wait(self._program.delay):
                return
            words = head.split(None, 2)
            path = words[1].decode(errors="replace") if len(words) > 1 else ""
            connection.sendall(self._response(path))

    def _response(self, path: str) -> bytes:
        program = self._program
        status = program.status
        for answer in program.answer:
            where, _, special = answer.rpartition("=")
            status = int(special) if where == path else status
        body = program.body.encode()
        head = f"HTTP/1.1 {status} Test\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return head.encode() + body
