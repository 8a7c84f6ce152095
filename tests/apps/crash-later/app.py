import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()


server = HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Page)
threading.Timer(float(os.environ.get("LIVES_SECONDS", "1.5")), server.shutdown).start()
server.serve_forever(poll_interval=0.05)
sys.exit("the connection pool is gone")
