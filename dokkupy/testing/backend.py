"""A real web app on a loopback address, for proxies to forward to."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from dokkupy.types import Endpoint

_WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""


class Backend:
    """Answers every path with its name, and a few with more.

    `/headers`: the request's headers as JSON. `/slow?seconds=2`: its name, later. `/upload`: size
    and SHA-256 of the body as JSON. `/events`: a stream of which each event but the first waits
    for `go_on()`. `/socket`: a websocket that sends back what it gets. `/drop`: closes the
    connection instead of answering. `/large`: 100,000 bytes of text.
    """

    def __init__(self, name: str, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.name = name
        self.paths: Counter[str] = Counter()
        """How often each path was asked for."""
        self._steps = threading.Semaphore(0)
        self._connections: set[socket.socket] = set()
        self._server = _Server((host, port), _Handler)
        self._server.backend = self
        self.endpoint = Endpoint(host=host, port=self._server.server_address[1])
        threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name=f"backend {name}", daemon=True
        ).start()

    def go_on(self) -> None:
        """Let a stream of events send its next one."""
        self._steps.release()

    def close(self) -> None:
        """Die: close the port and every connection."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # closed already
                continue

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    backend: Backend
    request_queue_size = 512

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: connections break in tests on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        self.server.backend._connections.add(self.request)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.server.backend._connections.discard(self.request)

    def do_GET(self) -> None:
        backend, url = self.server.backend, urlsplit(self.path)
        backend.paths[url.path] += 1
        if url.path == "/headers":
            self._answer(json.dumps(self.headers.items()).encode())
        elif url.path == "/slow":
            threading.Event().wait(float(parse_qs(url.query)["seconds"][0]))
            self._answer(backend.name.encode())
        elif url.path == "/events":
            self._events(backend)
        elif url.path == "/socket":
            self._websocket()
        elif url.path == "/drop":
            self.close_connection = True
        elif url.path == "/large":
            self._answer(b"a line of text\n" * 6667)
        else:
            self._answer(backend.name.encode())

    def do_POST(self) -> None:
        self.server.backend.paths[self.path] += 1
        left = size = int(self.headers["Content-Length"])
        digest = hashlib.sha256()
        while left and (chunk := self.rfile.read(min(left, 65536))):
            digest.update(chunk)
            left -= len(chunk)
        if self.path == "/drop":
            self.close_connection = True
            return
        self._answer(json.dumps({"size": size - left, "sha256": digest.hexdigest()}).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the standard library's name

    def _events(self, backend: Backend) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(3):
            if number:
                backend._steps.acquire(timeout=20)
            event = f"data: {number}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _websocket(self) -> None:
        if self.headers.get("Upgrade", "").lower() != "websocket":
            self.send_error(426)
            return
        key = self.headers["Sec-WebSocket-Key"] + _WEBSOCKET_GUID
        accept = base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest())
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept.decode())
        self.end_headers()
        self.close_connection = True
        while head := self.rfile.read(2):  # short text frames only (RFC 6455, section 5.2)
            size = head[1] & 0x7F
            mask, masked = self.rfile.read(4), self.rfile.read(size)
            text = bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked))
            self.wfile.write(bytes([0x81, size]) + text)
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Log nothing."""
