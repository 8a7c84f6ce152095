"""The smallest app that is still a good citizen: it listens on $PORT and finishes what it began."""

import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "1"


class Hello(BaseHTTPRequestHandler):
    """Answers every request with a greeting and the version."""

    protocol_version = "HTTP/1.1"
    timeout = 2  # seconds that an idle connection may keep the process from ending
    disable_nagle_algorithm = True  # or else the body waits 40 ms for the proxy's next packet

    def do_GET(self):
        greeting = os.environ.get("GREETING", "Hello from dokkupy")
        body = f"{greeting}, version {VERSION}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Waits for the requests under way when it is closed."""

    daemon_threads = False


def main():
    port = int(os.environ["PORT"])
    server = Server(("0.0.0.0", port), Hello)
    # On SIGTERM no new request is taken; those that are under way are finished.
    signal.signal(
        signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start()
    )
    print(f"hello, version {VERSION}, listens on port {port}", flush=True)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
