"""Shows what reaches a web app behind dokkupy."""

import base64
import hashlib
import json
import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

VERSION = Path(__file__).with_name("VERSION").read_text().strip()
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class Probe(BaseHTTPRequestHandler):
    """Answers each path of the table in the README."""

    protocol_version = "HTTP/1.1"
    timeout = 5  # seconds that an idle connection may keep the process from ending
    disable_nagle_algorithm = True  # or else the body waits 40 ms for the proxy's next packet

    def do_GET(self):
        url = urlsplit(self.path)
        self.query = dict(parse_qsl(url.query))
        first, _, rest = url.path.strip("/").partition("/")
        answer = getattr(self, f"get_{first or 'version'}", None)
        if answer is None:
            self.send(404, "no such path\n")
        else:
            answer(rest)

    def do_POST(self):
        if self.path != "/echo":
            self.send(404, "no such path\n")
            return
        digest, length = hashlib.sha256(), 0
        for chunk in self.chunks():
            digest.update(chunk)
            length += len(chunk)
        self.send(200, f"{length} {digest.hexdigest()}\n")

    do_HEAD = do_GET

    def get_version(self, _):
        self.send(200, f"version {VERSION}\n")

    def get_process(self, _):
        self.send(200, os.environ.get("DOKKUPY_PROCESS", "unknown") + "\n")

    def get_env(self, key):
        if not key:
            self.send(200, "".join(f"{name}\n" for name in sorted(os.environ)))
        elif key in os.environ:
            self.send(200, os.environb[key.encode()])
        else:
            self.send(404, f"{key} is not set\n")

    def get_headers(self, _):
        self.send(200, json.dumps(dict(self.headers)) + "\n", "application/json")

    def get_slow(self, _):
        time.sleep(min(float(self.query.get("s", "1")), 60))
        self.get_version("")

    def get_status(self, code):
        self.send(int(code), f"status {code}\n")

    def get_bytes(self, _):
        self.send(200, "x" * int(self.query.get("n", "100000")))

    def get_stream(self, _):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for number in range(int(self.query.get("n", "3"))):
            if number:
                time.sleep(float(self.query.get("s", "0.1")))
            self.wfile.write(f"data: {number}\n\n".encode())

    def get_websocket(self, _):
        key = self.headers.get("Sec-WebSocket-Key")
        if key is None:
            self.send(426, "this path speaks websocket\n")
            return
        digest = hashlib.sha1((key + WEBSOCKET_GUID).encode()).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        self.end_headers()
        self.close_connection = True
        while True:
            first, second = self.rfile.read(2)
            length = second & 0x7F  # only messages of up to 125 bytes
            mask = self.rfile.read(4)
            message = bytes(b ^ mask[i % 4] for i, b in enumerate(self.rfile.read(length)))
            self.wfile.write(bytes([first, length]) + message)
            if first & 0x0F == 8:  # close
                return

    def chunks(self):
        """Yield the body, sent with a length or in chunks."""
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", "0"))
        while left > 0 and (chunk := self.rfile.read(min(left, 1 << 16))):
            left -= len(chunk)
            yield chunk

    def send(self, status, body, kind="text/plain; charset=utf-8"):
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, text, *values):
        if not os.environ.get("QUIET"):
            super().log_message(text, *values)


class Server(ThreadingHTTPServer):
    """Finishes the requests under way when it is closed."""

    daemon_threads = False
    request_queue_size = 512


def main():
    port = int(os.environ["PORT"])
    server = Server(("0.0.0.0", port), Probe)
    signal.signal(
        signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start()
    )
    print(f"probe, version {VERSION}, listens on port {port}", flush=True)
    server.serve_forever(poll_interval=0.05)
    server.server_close()


if __name__ == "__main__":
    main()
