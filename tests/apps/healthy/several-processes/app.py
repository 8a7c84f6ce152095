import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()


HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Page).serve_forever()
