import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

if os.environ["DOKKUPY_PROCESS"] == "web.2":
    sys.exit("web.2 cannot get the lease that web.1 holds")


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()


HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Page).serve_forever()
