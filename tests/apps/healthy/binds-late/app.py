import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()


# First on loopback alone, as servers do that warm up.
warming = HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page)
threading.Timer(2, warming.shutdown).start()
warming.serve_forever(poll_interval=0.05)
warming.server_close()
HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Page).serve_forever()
