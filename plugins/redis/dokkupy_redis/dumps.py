"""Dumps of Redis (RDB files): what they look like, and what is said of what they hold.

The format: https://github.com/sripathikrishnan/redis-rdb-tools/wiki/Redis-RDB-Dump-File-Format
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dokkupy.errors import Refused

_MAGIC: Final = re.compile(rb"REDIS\d{4}")
_MADE_BY: Final = re.compile(rb"\xfa\x09redis-ver.(\d+)\.(\d+)", re.DOTALL)
_KEYS: Final = re.compile(r"^(db\d+):keys=(\d+),expires=(\d+)", re.MULTILINE)
_READ: Final = re.compile(r"\[info\] (\d+) keys read\s+\[info\] (\d+) expires")
_MARK: Final = 40
_DIGITS: Final = re.compile(rb"[0-9a-f]{40}")
_END: Final = 0xFF
_CHECKSUM: Final = 8
"""Bytes after the one that ends the data."""


def refuse_head(head: bytes, version: str) -> None:
    """Look at the beginning of what shall be loaded into a server of `version`.

    Raises:
        Refused: it is no RDB file, or one of a newer server.
    """
    if _MAGIC.match(head) is None:
        raise Refused(
            "This is no dump of Redis.", hint="Make one: redis-cli --rdb FILE, not an AOF file."
        )
    made_by = _MADE_BY.search(head)
    if made_by is None:
        return
    theirs = (int(made_by[1]), int(made_by[2]))
    if theirs > tuple(map(int, version.split(".")[:2])):
        raise Refused(
            f"The dump is of version {theirs[0]}.{theirs[1]}, and the server is {version}.",
            hint="Upgrade the service first: dokkupy redis upgrade NAME --image IMAGE",
        )


def refuse_tail(tail: bytes) -> None:
    """Look at the end of a dump.

    Raises:
        Refused: what ends every dump is missing.
    """
    if len(tail) <= _CHECKSUM or tail[-_CHECKSUM - 1] != _END:
        raise Refused("The dump is not all there: its end is missing.", hint="Make it again.")


class Unmarked:
    """Passes on what `redis-cli --rdb -` writes, without the mark that follows the dump.

    The server chooses 40 hexadecimal digits to say where it ends; the client, which cuts them off
    a file again, cannot do so on a stream. A dump itself never ends in as many of them.
    """

    def __init__(self, sink: Callable[[bytes], object]) -> None:
        self._sink = sink
        self._held = b""

    def write(self, piece: bytes) -> None:
        """Pass on all but what may be the mark."""
        self._held += piece
        if len(self._held) > _MARK:
            self._sink(self._held[:-_MARK])
            self._held = self._held[-_MARK:]

    def finish(self) -> None:
        """Pass on what was held back, unless it is the mark."""
        if not _DIGITS.fullmatch(self._held):
            self._sink(self._held)


def lasting(keyspace: str) -> dict[str, int]:
    """Return how many keys each database has that do not expire, from `INFO keyspace`.

    A database that is gone with the last of its keys is not told apart from one without any.
    """
    found = {name: int(keys) - int(expires) for name, keys, expires in _KEYS.findall(keyspace)}
    return {name: count for name, count in found.items() if count}


def checked(report: str) -> int:
    """Return how many keys that do not expire `redis-check-rdb` has read.

    Raises:
        Refused: it does not say.
    """
    found = _READ.search(report)
    if found is None:
        raise Refused("What the dump holds cannot be counted.", detail=report)
    return int(found[1]) - int(found[2])
