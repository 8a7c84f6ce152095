"""Members of a tar, read forwards from a stream that cannot go back."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import IO, Final, Literal

from dokkupy.archives.damage import explained
from dokkupy.archives.member import Limits, Member
from dokkupy.archives.packing import cut_off
from dokkupy.errors import Refused

_MOST_HEADER: Final = 128 * 1024
"""Bytes of all that one member says of itself; a path of 4,096 takes a fraction of it."""
_NOTHING: Final = bytes(tarfile.BLOCKSIZE)
_PIECE: Final = 65536
_KINDS: Final = {
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a fifo",
}


def members(stream: IO[bytes], limits: Limits) -> Iterator[Member]:
    """Yield what a tar holds; files are read before the next member is asked for.

    Raises:
        UsageError: it is no whole tar.
        Refused: it holds what no app does.
    """
    tape = _Tape(stream)
    with explained():
        tar = tarfile.TarFile(
            fileobj=tape,  # type: ignore[arg-type]
            mode="r",
            encoding="utf-8",
            errors="surrogateescape",
        )
    while (entry := _next(tar, tape)) is not None:
        limits.refuse_growth(entry.size, entry.size)
        yield _member(tar, tape, entry)
    if tape.last_block != _NOTHING:
        raise cut_off()
    while stream.read(_PIECE):  # the checksum at the end of what was compressed counts too
        pass


def _next(tar: tarfile.TarFile, tape: _Tape) -> tarfile.TarInfo | None:
    tape.begin_header()
    with explained():
        entry = tar.next()
        if entry is not None and entry.size < 0:
            raise tarfile.ReadError("a file is smaller than nothing")
    vars(tar)["members"] = []  # it keeps them all otherwise
    return entry


def _member(tar: tarfile.TarFile, tape: _Tape, entry: tarfile.TarInfo) -> Member:
    if entry.isdir():
        return Member(name=entry.name, kind="folder")
    if entry.issym():
        return Member(name=entry.name, kind="link", target=entry.linkname)
    if entry.islnk():
        return Member(name=entry.name, kind="copy", target=entry.linkname)
    if not entry.isreg() or entry.issparse():
        kind = "a sparse file" if entry.issparse() else _KINDS.get(entry.type, "of no known kind")
        raise Refused(
            f"{entry.name!a:.120} in the archive is {kind}.",
            hint="Pack files, folders and links only.",
        )
    content = tar.extractfile(entry) or io.BytesIO()
    tape.begin_content()
    executable = bool(entry.mode & 0o100)
    return Member(
        name=entry.name, kind="file", size=entry.size, executable=executable, content=content
    )


class _Tape:
    """A stream with the little of `seek` that reading a tar forwards asks for."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._place = 0
        self._last = b""
        """The byte before the place; tarfile goes back to it to see whether it is there."""
        self._again = False
        self._header_left: int | None = _MOST_HEADER
        self.last_block = b""
        """What was last read of headers."""

    def begin_header(self) -> None:
        """Count from now on what is said of the next member."""
        self._header_left = _MOST_HEADER

    def begin_content(self) -> None:
        """Count no more: what follows is what a file holds."""
        self._header_left = None

    def tell(self) -> int:
        return self._place - self._again

    def seek(self, place: int, whence: Literal[0] = 0) -> int:
        if self._again and place == self._place:
            self._again = False
        elif place == self._place - 1 and self._last:
            self._again = True
        elif place < self.tell():
            raise tarfile.StreamError("seeking backwards is not allowed")
        else:
            self._again = False
            while self._place < place and self._take(min(_PIECE, place - self._place)):
                pass
        return whence + place

    def read(self, size: int) -> bytes:
        if size and self._again:
            self._again = False
            return self._last + self.read(size - 1)
        if self._header_left is not None and size > 1:
            self._header_left -= size
            if self._header_left < 0:
                raise Refused(
                    "A member of the archive says more of itself than any file needs.",
                    hint="Make it with: tar --create --gzip, or git archive",
                )
        taken = self._take(size)
        if size == tarfile.BLOCKSIZE or not taken:
            self.last_block = taken
        return taken

    def _take(self, size: int) -> bytes:
        taken = self._stream.read(size) if size else b""
        self._place += len(taken)
        self._last = taken[-1:] or self._last
        return taken

    def close(self) -> None:
        """Leave the stream open: it is its owner's."""
