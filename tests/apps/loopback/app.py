import os
from http.server import BaseHTTPRequestHandler, HTTPServer

PORT = int(os.environ["PORT"])


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()


HTTPServer(("127.0.0.1", PORT), Page).serve_forever()
