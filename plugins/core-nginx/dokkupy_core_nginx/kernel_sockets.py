"""The kernel's own table of TCP sockets (`/proc/net/tcp`, `/proc/net/tcp6`; proc(5))."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dokkupy.types import Endpoint

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ESTABLISHED: Final = "01"
_LISTEN: Final = "0A"
_MAPPED: Final = bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A process that listens on a port; 0 when this user may not see which."""

    pid: int
    name: str
    """What it was started as, empty when unknown."""

    def __str__(self) -> str:
        return (
            f"{self.name or 'a process'} (process {self.pid})"
            if self.pid
            else "a process of another user"
        )


def established_to(endpoints: Sequence[Endpoint]) -> int:
    """Count the established connections whose far end is one of `endpoints`."""
    wanted = {spelling for endpoint in endpoints for spelling in _spellings(endpoint)}
    return sum(remote in wanted for _, remote, _ in _rows(_ESTABLISHED)) if wanted else 0


def holders(port: int) -> list[Holder]:
    """Return who listens on `port`, on whatever address."""
    ending = f":{port:04X}"
    inodes = {inode for local, _, inode in _rows(_LISTEN) if local.endswith(ending)}
    if not inodes:
        return []
    found = [Holder(pid=pid, name=_command(pid)) for pid in _pids() if inodes & _inodes(pid)]
    return sorted(found, key=lambda holder: holder.pid) or [Holder(pid=0, name="")]


def _rows(state: str) -> Iterator[tuple[str, str, str]]:
    for table in _TABLES:
        try:
            text = table.read_text(encoding="ascii")
        except FileNotFoundError:  # the kernel has no IPv6
            continue
        for line in text.splitlines()[1:]:
            fields = line.split()
            if fields[3] == state:
                yield fields[1], fields[2], fields[9]


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


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _inodes(pid: int) -> set[str]:
    try:
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # gone meanwhile, or somebody else's
        return set()
    links = set()
    for descriptor in descriptors:
        with suppress(OSError):  # closed meanwhile
            links.add(str(descriptor.readlink()))
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
