import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()


for number in range(50_000):
    print(f"{number}: KeyError: 'CACHE_URL' was handled, Exec format error too, going on")
HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Page).serve_forever()
