"""Answers with what the build saw and what the running app sees, as JSON."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

BUILT = json.loads(Path("built.json").read_text())


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        values = {"built": BUILT, "running": {key: os.environ.get(key) for key in BUILT}}
        body = json.dumps(values).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Page).serve_forever()
