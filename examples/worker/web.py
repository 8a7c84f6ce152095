"""The part that people see."""

import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Page(BaseHTTPRequestHandler):
    """Says which release answers."""

    protocol_version = "HTTP/1.1"
    timeout = 2

    def do_GET(self):
        body = f"release {os.environ.get('DOKKUPY_RELEASE', '?')}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if os.environ.get("FAIL") == "web":
    sys.exit("web: failing because FAIL=web")
server = ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Page)
server.daemon_threads = False
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(poll_interval=0.05)
server.server_close()
