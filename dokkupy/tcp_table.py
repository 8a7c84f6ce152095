"""The kernel's tables of TCP sockets, `/proc/net/tcp` and `/proc/net/tcp6` (proc(5))."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

ESTABLISHED: Final = "01"
LISTEN: Final = "0A"
"""States of a socket as the tables spell them (`include/net/tcp_states.h`)."""


class TcpSocket(NamedTuple):
    """One line of a table, its ends spelled as there: whoever counts thousands compares text."""

    local: str
    remote: str
    inode: str


def sockets(table: str, state: str) -> Iterator[TcpSocket]:
    """Yield the sockets of a table that are in a state."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == state:
            yield TcpSocket(local=fields[1], remote=fields[2], inode=fields[9])


def end(text: str) -> tuple[str, int]:
    """Decode `0100007F:0BB8` to address and port; IPv4-mapped addresses come as IPv4.

    The words of an address are in this machine's byte order.
    """
    address, _, port = text.partition(":")
    words = (int(address[start : start + 8], 16) for start in range(0, len(address), 8))
    packed = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    decoded = ipaddress.ip_address(packed)
    mapped = decoded.ipv4_mapped if isinstance(decoded, ipaddress.IPv6Address) else None
    return str(mapped or decoded), int(port, 16)
