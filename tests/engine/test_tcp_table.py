from __future__ import annotations

import socket
from pathlib import Path

from dokkupy.engine_docker.tcp_table import ESTABLISHED, LISTEN, parse

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
V4 = HEAD + (
    "   0: 00000000:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
    "   1: 0100007F:0BB8 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0\n"
)
V6 = HEAD + (
    "   0: 00000000000000000000000000000000:1388 00000000000000000000000000000000:0000 0A 0 0\n"
    "   1: 00000000000000000000000001000000:0BB9 00000000000000000000000000000000:0000 0A 0 0\n"
    "   2: 0000000000000000FFFF00000100007F:0BBA 00000000000000000000000000000000:0000 0A 0 0\n"
    "   3: B80D0120000000000000000001000000:0BBB 00000000000000000000000000000000:0000 0A 0 0\n"
)


def test_addresses_of_both_families_are_decoded() -> None:
    assert [(s.local_address, s.local_port, s.state) for s in parse(V4)] == [
        ("0.0.0.0", 5000, LISTEN),
        ("127.0.0.1", 3000, ESTABLISHED),
    ]
    assert [(s.local_address, s.local_port) for s in parse(V6)] == [
        ("::", 5000),
        ("::1", 3001),
        ("127.0.0.1", 3002),
        ("2001:db8::1", 3003),
    ]


def test_remote_end_is_read_too() -> None:
    established = list(parse(V4))[1]
    assert (established.remote_address, established.remote_port) == ("127.0.0.1", 50000)


def test_empty_or_broken_table_has_no_sockets() -> None:
    assert list(parse("")) == []
    assert list(parse(f"{HEAD}\n  0: broken\n")) == []


def test_listener_of_this_process_is_found_in_the_kernels_own_table() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        table = Path("/proc/self/net/tcp").read_text()
        found = [s for s in parse(table) if s.local_port == port and s.state == LISTEN]
    assert [s.local_address for s in found] == ["127.0.0.1"]
