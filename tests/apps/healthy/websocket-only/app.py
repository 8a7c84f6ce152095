import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(426)
        self.send_header("Upgrade", "websocket")
        self.end_headers()


HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Page).serve_forever()
