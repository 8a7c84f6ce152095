"""One HTTP request and its answer on a connection, read as strictly as HTTP/1.1 allows."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass


class Failed(Exception):
    """No good answer came; the text says why."""


class Closed(Exception):
    """The server had ended the connection before anything was sent."""


class CutOff(Failed):
    """The connection ended before the first byte of an answer."""


@dataclass(slots=True)
class Connection:
    """An open connection to the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def is_closed(self) -> bool:
        """Whether the server has ended it, as far as the kernel knows at this very moment."""
        if self.reader.at_eof() or self.writer.is_closing():
            return True
        own: socket.socket | None = self.writer.get_extra_info("socket")
        if own is None or own.fileno() < 0:
            return True
        # The event loop may not have looked yet; asyncio's own socket cannot be read directly.
        with socket.socket(fileno=socket.dup(own.fileno())) as copy:
            copy.setblocking(False)
            try:
                return not copy.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                return False
            except OSError:
                return True

    def close(self) -> None:
        """Let go of it."""
        self.writer.close()


async def connect(host: str, port: int) -> Connection:
    """Open a connection.

    Raises:
        Failed: the server does not take it.
    """
    try:
        return Connection(*await asyncio.open_connection(host, port))
    except OSError as error:
        raise Failed(f"not connected: {_name(error)}") from error


async def ask(connection: Connection, host: str, path: str, *, keep: bool) -> str:
    """Send `GET path` and return the body of the answer; with `keep` the connection stays.

    Raises:
        Closed: the server has ended the connection; nothing was sent.
        CutOff: the connection ended before any answer.
        Failed: anything but a whole answer with status 200 came.
    """
    wish = "keep-alive" if keep else "close"
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: {wish}\r\n\r\n".encode()
    if connection.is_closed:  # asked last of all: it may be closed at any moment
        raise Closed
    try:
        connection.writer.write(request)
        await connection.writer.drain()
        head = await connection.reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise Failed("closed in the middle of an answer") from error
        raise CutOff("closed before an answer") from error
    except OSError as error:
        raise CutOff(f"cut off before an answer: {_name(error)}") from error
    status, length = read_head(head)
    try:
        body = await connection.reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise Failed("closed in the middle of an answer") from error
    except OSError as error:
        raise Failed(f"cut off in the middle of an answer: {_name(error)}") from error
    if status != 200:
        raise Failed(f"status {status}")
    return body.decode(errors="replace")


def read_head(head: bytes) -> tuple[int, int]:
    """Return status and length of the body that a head announces.

    Raises:
        Failed: it is none, or tells no length.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
        raise Failed(f"not an answer: {first!a:.80}")
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() == "content-length" and value.strip().isdigit():
            return int(words[1]), int(value)
    raise Failed(f"status {words[1]} without a length")


def _name(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__
