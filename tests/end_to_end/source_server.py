"""A host on loopback that has repositories and files, by https with a certificate of its own."""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .conftest import git


@dataclass(frozen=True, slots=True)
class SourceServer:
    """What it serves lies in `folder`: `NAME.git` for repositories, anything else for files."""

    folder: Path
    certificate: Path
    port: int
    asked: list[str] = field(default_factory=list)
    """The paths of the requests so far."""

    def url(self, name: str) -> str:
        """Return where something is."""
        return f"https://localhost:{self.port}/{name}"

    def publish(self, tree: Path, name: str) -> str:
        """Have what a working copy has as a repository, and return its URL."""
        target = self.folder / f"{name}.git"
        if not target.exists():
            target.mkdir()
            git(target, "init", "--quiet", "--bare", "--initial-branch=main")
        git(tree, "push", "--quiet", "--force", "--all", str(target))
        return self.url(f"{name}.git")


class _Handler(BaseHTTPRequestHandler):
    folder: Path
    asked: list[str]

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes) -> None:
        self.asked.append(self.path)
        path, _, query = self.path.partition("?")
        if ".git/" not in path:
            self._file(self.folder / path.lstrip("/"))
            return
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            stdout=subprocess.PIPE,
            check=False,
            env=os.environ
            | {
                "GIT_PROJECT_ROOT": str(self.folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            },
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = [line.partition(": ") for line in head.decode().split("\r\n")]
        status = next((text for name, _, text in fields if name == "Status"), "200")
        self.send_response(int(status.split()[0]))
        for name, _, text in fields:
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _file(self, file: Path) -> None:
        if file.name.startswith("to-http"):
            self.send_response(302)
            self.send_header("Location", "http://localhost/elsewhere")
            self.end_headers()
        elif file.is_file():
            self.send_response(200)
            self.end_headers()
            self.wfile.write(file.read_bytes())
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[SourceServer]:
    """Run a server for the time of a block."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    asked_for = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        ["openssl", *asked_for, *named, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    served, asked = folder / "served", []  # type: Path, list[str]
    served.mkdir()
    handler = type("Handler", (_Handler,), {"folder": served, "asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield SourceServer(served, certificate, server.server_port, asked)
        finally:
            server.shutdown()
            thread.join()
