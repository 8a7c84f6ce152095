"""The kernel's tables of TCP sockets, `/proc/net/tcp` and `/proc/net/tcp6` (proc(5))."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

ESTABLISHED: Final = 1
LISTEN: Final = 10
"""Numbers of `include/net/tcp_states.h`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpSocket:
    """One line of a table."""

    local_address: str
    local_port: int
    remote_address: str
    remote_port: int
    state: int


def parse(table: str) -> Iterator[TcpSocket]:
    """Yield the sockets of a table of either family; IPv4-mapped addresses come as IPv4."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 4:
            continue
        local_address, local_port = _endpoint(fields[1])
        remote_address, remote_port = _endpoint(fields[2])
        yield TcpSocket(
            local_address=local_address,
            local_port=local_port,
            remote_address=remote_address,
            remote_port=remote_port,
            state=int(fields[3], 16),
        )


def _endpoint(text: str) -> tuple[str, int]:
    """Decode `0100007F:0BB8`: words of 32 bits in this machine's byte order, then the port."""
    address, _, port = text.partition(":")
    words = (int(address[start : start + 8], 16) for start in range(0, len(address), 8))
    packed = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    decoded = ipaddress.ip_address(packed)
    mapped = decoded.ipv4_mapped if isinstance(decoded, ipaddress.IPv6Address) else None
    return str(mapped or decoded), int(port, 16)
