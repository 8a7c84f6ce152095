"""How many connections lead to an endpoint (`/proc/net/tcp`, `/proc/net/tcp6`; proc(5))."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from dokkupy.listening import of_this_host
from dokkupy.tcp_table import ESTABLISHED
from dokkupy.types import Endpoint

_MAPPED: Final = bytes(10) + b"\xff\xff"


def established_to(endpoints: Sequence[Endpoint]) -> int:
    """Count the established connections whose far end is one of `endpoints`."""
    wanted = {spelling for endpoint in endpoints for spelling in _spellings(endpoint)}
    return sum(one.remote in wanted for one in of_this_host(ESTABLISHED)) if wanted else 0


def _spellings(endpoint: Endpoint) -> Iterator[str]:
    """Yield how the tables spell an endpoint: words in the host's byte order, in hexadecimal."""
    for found in socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM):
        packed = socket.inet_pton(found[0], str(found[4][0]))
        yield f"{_words(packed)}:{endpoint.port:04X}"
        if len(packed) == 4:  # as a dual-stack socket sees it: ::ffff:a.b.c.d
            yield f"{_words(_MAPPED + packed)}:{endpoint.port:04X}"


def _words(packed: bytes) -> str:
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
