"""The kernel's tables of sockets, spelled by hand and the kernel's own."""

from __future__ import annotations

import socket
from pathlib import Path

from dokkupy.tcp_table import ESTABLISHED, LISTEN, end, sockets

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when uid timeout inode\n"
REST = "00000000:00000000 00:00000000 00000000 0 0"
V4 = HEAD + (
    f"   0: 00000000:1388 00000000:0000 0A {REST} 4711 1\n"
    f"   1: 0100007F:0BB8 0100007F:C350 01 {REST} 4712 1\n"
)
NOBODY = f"{0:032X}:0000"
V6 = HEAD + (
    f"   0: {0:032X}:1388 {NOBODY} 0A {REST} 4713 1\n"
    f"   1: 00000000000000000000000001000000:0BB9 {NOBODY} 0A {REST} 4714 1\n"
    f"   2: 0000000000000000FFFF00000100007F:0BBA {NOBODY} 0A {REST} 4715 1\n"
    f"   3: B80D0120000000000000000001000000:0BBB {NOBODY} 0A {REST} 4716 1\n"
)


def test_the_sockets_in_a_state_are_found_with_their_inodes() -> None:
    assert [(one.local, one.inode) for one in sockets(V4, LISTEN)] == [("00000000:1388", "4711")]
    assert [(one.remote, one.inode) for one in sockets(V4, ESTABLISHED)] == [
        ("0100007F:C350", "4712")
    ]


def test_addresses_of_both_families_are_decoded() -> None:
    assert end("0100007F:C350") == ("127.0.0.1", 50000)
    assert [end(one.local) for one in sockets(V6, LISTEN)] == [
        ("::", 5000),
        ("::1", 3001),
        ("127.0.0.1", 3002),
        ("2001:db8::1", 3003),
    ]


def test_an_empty_or_broken_table_has_no_sockets() -> None:
    assert list(sockets("", LISTEN)) == []
    assert list(sockets(f"{HEAD}\n  0: broken\n", LISTEN)) == []


def test_a_listener_of_this_process_is_found_in_the_kernels_own_table() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        table = Path("/proc/self/net/tcp").read_text()
        found = [one for one in sockets(table, LISTEN) if end(one.local)[1] == port]
        inode = str(Path(f"/proc/self/fd/{server.fileno()}").readlink())
    assert [end(one.local)[0] for one in found] == ["127.0.0.1"]
    assert inode == f"socket:[{found[0].inode}]"
