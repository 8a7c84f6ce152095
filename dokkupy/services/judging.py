"""A dump on its way into a server: judged by its head before, by its tail after."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Final

from dokkupy.errors import Refused
from dokkupy.services.source import PIECE, Source

if TYPE_CHECKING:
    from dokkupy.services.server import DumpingServer

LOOKED_AT: Final = 8192
"""Bytes of head and tail that a server judges a dump by."""
TELL_SECONDS: Final = 2.0
_PACKED: Final = {
    b"\x1f\x8b": "gunzip --stdout",
    b"BZh": "bunzip2 --stdout",
    b"\xfd7zXZ\0": "unxz --stdout",
    b"\x28\xb5\x2f\xfd": "unzstd --stdout",
    b"PK\x03\x04": "unzip -p",
}
"""How what packs files begins, and what unpacks it again."""


class Progress:
    """Tells every now and then how far it is."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told = time.monotonic()

    def reached(self, size: int) -> None:
        """Note how many bytes it has been so far."""
        if time.monotonic() - self._told > TELL_SECONDS:
            self._told = time.monotonic()
            self._tell(f"{amount(size)} so far")


class Judged(Source):
    """Passes a dump on; raises what is wrong with it instead of its beginning or its end."""

    def __init__(
        self,
        source: IO[bytes],
        server: DumpingServer,
        version: str,
        tell: Callable[[str], None],
        stopped: Callable[[], bool] = bool,
        *,
        again: str,
    ) -> None:
        """Take a dump for a server of `version`; `again` is the command that imports one."""
        super().__init__()
        self._again = again
        self._source = source
        self._server = server
        self._version = version
        self._stopped = stopped
        self._progress = Progress(tell)
        self._tail = b""
        self.size = 0
        """Bytes so far."""

    def piece(self) -> bytes:
        if self._stopped():
            raise Refused("It was stopped half-way; nothing was changed.")
        found = self._source.read(PIECE) if self.size else self._head()
        if not found:
            self._server.refuse_tail(self._tail)
            return b""
        self.size += len(found)
        self._tail = (self._tail + found)[-LOOKED_AT:]
        self._progress.reached(self.size)
        return found

    def _head(self) -> bytes:
        """Read until there is enough to judge by: a pipe gives what it has."""
        head = b""
        while len(head) < LOOKED_AT and (more := self._source.read(PIECE)):
            head += more
        for magic, program in _PACKED.items():
            if head.startswith(magic):
                raise Refused(
                    "This is compressed, and no dump as it is.",
                    hint=f"Unpack it on its way in: {program} FILE | {self._again}",
                )
        self._server.refuse_head(head[:LOOKED_AT], self._version)
        return head


class Tail:
    """Takes a dump on its way out, counts it, and keeps what the server judges it by."""

    def __init__(self, sink: Callable[[bytes], object], tell: Callable[[str], None]) -> None:
        self._sink = sink
        self._progress = Progress(tell)
        self.size = 0
        self.kept = b""

    def write(self, piece: bytes) -> None:
        """Pass one piece on."""
        self.size += len(piece)
        self.kept = (self.kept + piece)[-LOOKED_AT:]
        self._sink(piece)
        self._progress.reached(self.size)


def amount(size: int) -> str:
    """Return a number of bytes as people read it."""
    if size < 1000:
        return f"{size} bytes"
    if size < 1_000_000:
        return f"{size / 1000:.1f} kB"
    return f"{size / 1_000_000:,.1f} MB"
