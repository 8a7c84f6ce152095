"""Noticing the first answer of a new version, from a second thread."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Self

from benchmarks.tools import BenchmarkError

POLL_SECONDS = 0.005
"""Between two requests, each on a connection of its own."""
LONGEST_SECONDS = 120.0


class FirstAnswer:
    """Asks again and again from the block's beginning until an answer holds the marker."""

    def __init__(self, port: int, host: str, marker: str) -> None:
        self._address = ("127.0.0.1", port)
        self._request = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        self._marker = marker.encode()
        self._stop = threading.Event()
        self._came = 0.0
        self._last = b"nothing"
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def came(self) -> float:
        """Wait for the answer and return when it had come whole (monotonic seconds).

        Raises:
            BenchmarkError: it does not come.
        """
        self._thread.join(LONGEST_SECONDS)
        if not self._came:
            raise BenchmarkError(
                f"No answer with {self._marker!r} at port {self._address[1]} within "
                f"{LONGEST_SECONDS:g} s; the last one was {self._last[-200:]!r}"
            )
        return self._came

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                answer = self._ask()
            except OSError as error:
                self._last = str(error).encode()
            else:
                if answer.split(b"\r\n", 1)[0].endswith(b" 200 OK") and self._marker in answer:
                    self._came = time.monotonic()
                    return
                self._last = answer
            self._stop.wait(POLL_SECONDS)

    def _ask(self) -> bytes:
        with socket.create_connection(self._address, timeout=10) as connection:
            connection.sendall(self._request)
            return b"".join(iter(lambda: connection.recv(65536), b""))
