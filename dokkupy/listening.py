"""Who listens on a TCP port of this host."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dokkupy.launching import launched
from dokkupy.tcp_table import LISTEN, TcpSocket, sockets

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A process that listens on a port; 0 when this user may not see which."""

    pid: int
    name: str = ""
    """What it was started as, empty when unknown."""
    uid: int = -1
    """Whose it is, -1 when unknown."""

    def __str__(self) -> str:
        return (
            f"{self.name or 'a process'} (process {self.pid})"
            if self.pid
            else "a process of another user"
        )


def of_this_host(state: str) -> Iterator[TcpSocket]:
    """Yield the sockets of this host, of either family, that are in a state."""
    for table in _TABLES:
        try:
            text = table.read_text(encoding="ascii")
        except FileNotFoundError:  # the kernel has no IPv6
            continue
        yield from sockets(text, state)


def holders(port: int, launcher: Path | None = None) -> list[Holder]:
    """Return who listens on `port`, on whatever address.

    `launcher` is what makes visible the processes that were started by it.
    """
    ending = f":{port:04X}"
    inodes = {one.inode for one in of_this_host(LISTEN) if one.local.endswith(ending)}
    if not inodes:
        return []
    found = [pid for pid in _pids() if inodes & _inodes(pid)]
    found = found or _shut(inodes, launcher)
    return [_holder(pid) for pid in sorted(found)] or [Holder(pid=0)]


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


def _shut(inodes: Collection[str], launcher: Path | None) -> list[int]:
    """Look into those of our own processes that only a process like them may look into."""
    search = ["find", *map(str, _own_folders()), "-lname", "socket:*", "-printf", "%h %l\n"]
    asked = launched(launcher, search)
    if asked == search:
        return []
    done = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    pairs = (line.split() for line in done.stdout.decode().splitlines())
    return list({int(path.split("/")[2]) for path, link in pairs if link[8:-1] in inodes})


def _own_folders() -> Iterator[Path]:
    for pid in _pids():
        folder = Path(f"/proc/{pid}/fd")
        with suppress(OSError):
            if folder.stat().st_uid == os.geteuid():
                yield folder


def _holder(pid: int) -> Holder:
    process = Path(f"/proc/{pid}")
    try:
        name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
        return Holder(pid=pid, name=name, uid=process.stat().st_uid)
    except OSError:
        return Holder(pid=pid)
