"""Probes that ask a container for an answer, from where the proxy stands."""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass

from dokkupy.types import Check, Endpoint

CONNECT_TIMEOUT_SECONDS = 1.0
_LONGEST_HEAD = 16384
"""Bytes in which the final status line must come; early hints before it may be long."""
_SWITCHING_PROTOCOLS = 101
_HEAD_END = re.compile(rb"(?:^|\n)\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back from one probe."""

    status: int = 0
    """HTTP status; 0 when there was none."""
    problem: str = ""
    """Why there was none: `refused`, `timed out`, `closed without an answer` …"""

    def passes(self, check: Check) -> bool:
        """Say whether this is good enough: 2xx or 3xx on a path, anything without one."""
        return 200 <= self.status < 400 if check.path else self.status > 0

    def __str__(self) -> str:
        return f"status {self.status}" if self.status else self.problem


def probe(endpoint: Endpoint, check: Check, *, host: str) -> Answer:
    """Ask once with `GET` and read the status line (RFC 9112, section 4).

    Interim answers (1xx; RFC 9110, section 15.2) are passed over. The answer may take the
    check's `timeout` as a whole, and never longer than its `deadline`.
    """
    request = (
        f"GET {check.path or '/'} HTTP/1.1\r\nHost: {host}\r\n"
        "User-Agent: dokkupy-check\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )
    try:
        address = (endpoint.host, endpoint.port)
        with socket.create_connection(address, timeout=CONNECT_TIMEOUT_SECONDS) as connection:
            until = time.monotonic() + min(check.timeout, check.deadline)
            connection.settimeout(min(check.timeout, check.deadline))
            connection.sendall(request.encode("ascii"))
            received = b""
            while _final(received) is None and len(received) < _LONGEST_HEAD:
                left = until - time.monotonic()
                if left <= 0:
                    return Answer(problem="timed out")
                connection.settimeout(left)
                chunk = connection.recv(1024)
                if not chunk:
                    break
                received += chunk
    except TimeoutError:
        return Answer(problem="timed out")
    except ConnectionRefusedError:
        return Answer(problem="refused")
    except OSError as error:
        return Answer(problem=(error.strerror or str(error)).lower())
    if not received:
        return Answer(problem="closed without an answer")
    return _final(received, over=True) or Answer(problem="closed without an answer")


def _final(received: bytes, *, over: bool = False) -> Answer | None:
    """Return the answer that counts, None while it has not come; `over`: nothing more will."""
    while True:
        line, newline, rest = received.partition(b"\n")
        if not newline and not (over and line):
            return None
        words = line.split(None, 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/") or not _is_status(words[1]):
            return Answer(problem="something else came back")
        status = int(words[1])
        if not 100 <= status < 200 or status == _SWITCHING_PROTOCOLS:
            return Answer(status=status)
        end = _HEAD_END.search(rest)
        if end is None:
            return None
        received = rest[end.end() :]


def _is_status(word: bytes) -> bool:
    return len(word) == 3 and word.isdigit()
