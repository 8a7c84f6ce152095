"""Steady traffic from threads, to prove that a change loses no request and serves nothing old."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from dokkupy.testing import client


@dataclass(slots=True)
class Tally:
    """What became of the requests."""

    answered: int = 0
    failed: list[str] = field(default_factory=list)
    """What went wrong, one text a request."""
    stale: int = 0
    """Answers of what was there before, to requests sent after it was gone."""


class Traffic:
    """Requests against one host at a rate, from entering the block until leaving it.

    `expected` is asked before each connection (or, kept alive, each request) for the answers
    that are right from then on; None means any. At most `rate` requests a second are sent.
    """

    def __init__(
        self,
        port: int,
        host: str,
        *,
        rate: float = 200.0,
        threads: int = 4,
        keep_alive: bool = False,
        expected: Callable[[], frozenset[str] | None] = lambda: None,
    ) -> None:
        self.tally = Tally()
        self._port, self._host = port, host
        self._pause = threads / rate
        self._expected = expected
        self._ended = threading.Event()
        self._lock = threading.Lock()
        work = self._kept_alive if keep_alive else self._new_connections
        self._threads = [threading.Thread(target=work, daemon=True) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(30)

    def _new_connections(self) -> None:
        while not self._ended.wait(self._pause):
            wanted = self._expected()
            try:
                reply = client.get(self._port, self._host)
            except OSError as error:
                self._fail(repr(error))
            else:
                self._count(reply, wanted)

    def _kept_alive(self) -> None:
        """Send on one connection; open another when, before sending, this one is at its end.

        That is what a client does which notices the end of a connection. It cannot notice one
        that comes while its request is on the way; a GET that got no byte of an answer is then
        sent again (RFC 9112, section 9.3.1), once.
        """
        connection = client.connect(self._port)
        question = client.request(self._host, close=False)
        while not self._ended.wait(self._pause):
            wanted = self._expected()
            try:
                if _at_end(connection):
                    connection = self._reopened(connection)
                reply = _asked(connection, question)
                if reply is None:
                    connection = self._reopened(connection)
                    reply = _asked(connection, question)
            except OSError as error:
                self._fail(repr(error))
                connection = self._reopened(connection)
            else:
                self._count(reply or client.Reply(status=0, headers={}, body=b""), wanted)
        connection.close()

    def _reopened(self, connection: socket.socket) -> socket.socket:
        connection.close()
        return client.connect(self._port)

    def _count(self, reply: client.Reply, wanted: frozenset[str] | None) -> None:
        with self._lock:
            if reply.status != 200:
                self.tally.failed.append(f"status {reply.status}")
            elif wanted is not None and reply.text not in wanted:
                self.tally.stale += 1
            else:
                self.tally.answered += 1

    def _fail(self, why: str) -> None:
        with self._lock:
            self.tally.failed.append(why)


def _at_end(connection: socket.socket) -> bool:
    """Say whether the other side has closed; between two answers nothing else arrives."""
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable)


def _asked(connection: socket.socket, question: bytes) -> client.Reply | None:
    """Send a request; None when the connection ended before any byte of an answer."""
    try:
        connection.sendall(question)
        reply = client.read(connection)
    except (ConnectionResetError, BrokenPipeError):
        return None
    return reply if reply.status else None


def wait_for(tally: Tally, answers: int, *, timeout: float = 20.0) -> None:
    """Wait until so many more requests were answered or have failed."""
    start = tally.answered + len(tally.failed) + tally.stale
    deadline = time.monotonic() + timeout
    while tally.answered + len(tally.failed) + tally.stale < start + answers:
        assert time.monotonic() < deadline, "the traffic has stopped"
        time.sleep(0.005)
