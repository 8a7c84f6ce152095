"""Reading the proxy's log files: the last lines, and those that are still to come."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

POLL: Final = 0.2
"""Seconds between two looks at a log that is followed."""

# nginx's own words come first; a request line, which may hold anything, follows.
_SERVER: Final = re.compile(rb", client: [^,]+, server: ([^,]+), request: ")

Keep = Callable[[bytes], bool]


def lines(log: Path, count: int, *, follow: bool, keep: Keep = lambda _: True) -> Iterator[str]:
    """Yield the last `count` lines that `keep` agrees to, then what is added if `follow`."""
    try:
        file = log.open("rb")
    except FileNotFoundError:
        return
    with ExitStack() as stack:
        stack.enter_context(file)
        yield from map(_text, deque(filter(keep, file), maxlen=max(count, 0)))
        while follow:
            yield from map(_text, filter(keep, _added(file, log)))
            stack.close()
            file = stack.enter_context(log.open("rb"))


def about(hosts: Collection[str]) -> Keep:
    """Return what tells whether a line of the error log is about one of an app's hosts."""
    names = {host.encode() for host in hosts}

    def keep(line: bytes) -> bool:
        found = _SERVER.search(line)
        return found is not None and found[1] in names

    return keep


def _added(file: BinaryIO, log: Path) -> Iterator[bytes]:
    """Yield whole lines as they are added, until another file has taken the log's place."""
    begun = b""
    while True:
        moved = log.exists() and not log.samefile(f"/proc/self/fd/{file.fileno()}")
        part = file.readline()
        begun += part
        if begun.endswith(b"\n"):
            yield begun
            begun = b""
        elif moved:
            return
        elif not part:
            time.sleep(POLL)


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\n")
