"""An HTTP client for tests that hides nothing: one request, one connection, the raw answer."""

from __future__ import annotations

import random
import socket
import time
from dataclasses import dataclass

from dokkupy.types import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back; `status` is 0 when the connection was closed without an answer."""

    status: int
    headers: dict[str, str]
    """Names in lower case; of repeated ones the last."""
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


def free_port() -> int:
    """Return a port of this host that nobody uses at the moment.

    It lies below those that Linux gives to outgoing connections, of which tests make thousands.
    """
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def connect(port: int, *, timeout: float = 20.0) -> socket.socket:
    """Open a connection to a port of this host."""
    return socket.create_connection(("127.0.0.1", port), timeout=timeout)


def get(
    port: int,
    host: str,
    path: str = "/",
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 20.0,
) -> Reply:
    """Ask once, on a connection that ends with the answer."""
    with connect(port, timeout=timeout) as connection:
        connection.sendall(request(host, path, method=method, headers=headers, body=body))
        return read(connection)


def request(
    host: str,
    path: str = "/",
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    close: bool = True,
) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    if close and "Connection" not in (headers or {}):
        lines.append("Connection: close")
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def read(connection: socket.socket) -> Reply:
    """Read one answer, to its declared length or to the end of the connection."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return Reply(status=0, headers={}, body=received)
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    wanted = int(headers["content-length"]) if "content-length" in headers else None
    while wanted is None or len(body) < wanted:
        chunk = connection.recv(65536)
        if not chunk:
            break
        body += chunk
    return Reply(status=int(first.split()[1]), headers=headers, body=body)


def read_until(connection: socket.socket, end: bytes, *, timeout: float = 10.0) -> bytes:
    """Read until `end` has arrived; return everything that has.

    Raises:
        AssertionError: it did not arrive in time.
    """
    deadline = time.monotonic() + timeout
    received = b""
    while end not in received:
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            chunk = connection.recv(65536)
        except TimeoutError:
            chunk = b""
        assert chunk, f"{end!r} is not in {received!r}"
        received += chunk
    return received


def blackhole() -> tuple[Endpoint, list[socket.socket]]:
    """Return an address that takes packets and never answers, as a dead container's does.

    It lasts as long as the sockets, which are the caller's to close.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    port = listener.getsockname()[1]
    held = [listener]
    # The queue of connections nobody accepts is full after one or two; the kernel then drops.
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", port))
        held.append(filler)
    return Endpoint(host="127.0.0.1", port=port), held
