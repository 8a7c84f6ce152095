"""A proxy in this process: remembers what it was told to serve and really forwards requests."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from dokkupy.errors import ProxyRefused
from dokkupy.proxy import ProxyStatus
from dokkupy.testing import fake_sites
from dokkupy.types import Endpoint, Route, RouteState, Site

_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
CONNECT_TIMEOUT: Final = 3.0
"""Seconds until a container that does not accept is given up."""


class FakeProxy:
    """Serves routes on a loopback port from threads of this process; for HTTP/1.1, unstreamed.

    An app in `refused` is one whose part the proxy refuses, as nginx does a broken snippet.
    """

    name = "fake"

    def __init__(self, port: int, *, https_port: int = 0) -> None:
        self.applied: list[tuple[Route, ...]] = []
        """Every configuration that was served, in order."""
        self.changed: list[str] = []
        """The app that each of them was for."""
        self.refused: set[str] = set()
        self._port, self._https_port = port, https_port
        self._routes: dict[str, Route] = {}
        self._good: set[str] = set()
        """Apps that are served by something that was accepted."""
        self._warnings: dict[str, str] = {}
        self._talking: Counter[Endpoint] = Counter()
        self._lock = threading.RLock()
        self._server: _Server | None = None

    def apply(self, routes: Sequence[Route], *, changed: str = "") -> int:
        with self._lock:
            if changed in self.refused:
                raise ProxyRefused(
                    f"The fake proxy refuses the configuration of {changed}.",
                    app=changed,
                    hint="Take back what was changed last.",
                )
            self._listen()
            apps: set[str] = {route.app for route in routes}
            self._warnings = dict.fromkeys(apps & self.refused, "refused")
            self._good = apps & (self._good | (apps - self.refused))
            self._routes = {route.app: self._accepted(route) for route in routes}
            self.applied.append(tuple(routes))
            self.changed.append(changed)
            return len(self.applied)

    def _accepted(self, route: Route) -> Route:
        return route if route.app in self._good else replace(route, state=RouteState.STOPPED)

    def _listen(self) -> None:
        if self._server is None:
            try:
                self._server = _Server(("127.0.0.1", self._port), _Handler)
            except OSError as error:
                raise ProxyRefused(
                    f"The fake proxy cannot listen on port {self._port}: it is taken.",
                    hint="Choose another port.",
                ) from error
            self._server.proxy = self
            threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def connections(self, endpoints: Sequence[Endpoint]) -> int:
        with self._lock:
            return sum(self._talking[endpoint] for endpoint in set(endpoints))

    def status(self) -> ProxyStatus:
        return ProxyStatus(
            running=self._server is not None,
            generation=len(self.applied),
            http_port=self._port,
            https_port=self._https_port,
            detail="\n".join(f"{app}: {why}" for app, why in sorted(self._warnings.items())),
        )

    def stop(self) -> None:
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def route_of(self, host: str) -> Route | None:
        """Return the route that answers for a host: an exact one, else the longest wildcard."""
        with self._lock:
            found = [
                (known, route)
                for route in self._routes.values()
                for known in route.hosts
                if known == host or (known.startswith("*.") and host.endswith(known[1:]))
            ]
        found.sort(key=lambda item: (item[0] == host, len(item[0])))
        return found[-1][1] if found else None

    @contextmanager
    def talking_to(self, endpoint: Endpoint) -> Iterator[None]:
        """Count a connection while it lasts."""
        with self._lock:
            self._talking[endpoint] += 1
        try:
            yield
        finally:
            with self._lock:
                self._talking[endpoint] -= 1


class _Server(ThreadingHTTPServer):
    proxy: FakeProxy
    request_queue_size = 512
    allow_reuse_port = False


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def handle_one_request(self) -> None:
        with suppress(ConnectionError):
            self.raw_requestline = self.rfile.readline(65537)
            self.close_connection = True
            if self.raw_requestline and self.parse_request():
                self._answer()

    def _answer(self) -> None:
        route = self.server.proxy.route_of(self.headers.get("Host", "").partition(":")[0].lower())
        if route is None:
            return
        if route.state is RouteState.NEVER_DEPLOYED:
            self._say(404, f"{route.app} has not been deployed yet: git push dokkupy main")
        elif route.state is RouteState.SERVING and route.site is not None:
            self._serve(route.site)
        elif route.state is RouteState.STOPPED or not route.endpoints:
            self._say(503, f"{route.app} is stopped")
        else:
            self._forward(route)

    def _say(self, status: int, text: str) -> None:
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "30")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def _serve(self, site: Site) -> None:
        answer = fake_sites.answer(site, self.path)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _forward(self, route: Route) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        for endpoint in (*route.endpoints, *route.backups):
            connection = http.client.HTTPConnection(
                endpoint.host, endpoint.port, timeout=CONNECT_TIMEOUT
            )
            try:
                connection.connect()
            except OSError:
                continue
            connection.sock.settimeout(60)
            with self.server.proxy.talking_to(endpoint):
                self._relay(connection, body)
            return
        self._say(502, "no container answers")

    def _relay(self, connection: http.client.HTTPConnection, body: bytes) -> None:
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP
        }
        headers["X-Forwarded-For"] = self.client_address[0]
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self._say(502, "the container gave no answer")
            return
        finally:
            connection.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Log nothing."""
