"""Members of a zip, which lies in a file because its table of contents is at its end."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from typing import IO, Final

from dokkupy.archives.damage import explained
from dokkupy.archives.member import Limits, Member
from dokkupy.errors import Refused, UsageError

MAGIC: Final = b"PK\x03\x04"
_END: Final = b"PK\x05\x06"
_LOCATOR: Final = b"PK\x06\x07"
_LOCATOR_BYTES: Final = 20
_END_BYTES: Final = 22
_MOST_COMMENT: Final = 65535
_UTF8: Final = 0x800
_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LONGEST_LINK: Final = 4096
_ENTRY_BYTES: Final = 1024
"""Of the table of contents, for each of the members that there may be."""


def members(file: IO[bytes], limits: Limits) -> Iterator[Member]:
    """Yield what a zip holds; files are read before the next member is asked for.

    Raises:
        UsageError: it is no whole zip.
        Refused: it holds what no app does.
    """
    size = file.seek(0, 2)
    _refuse_large_table(file, size, limits)
    taken = 0
    with explained():
        archive = zipfile.ZipFile(file)
    for entry in archive.infolist():
        taken += entry.file_size
        limits.refuse_growth(size, taken)
        yield _member(archive, entry)


def _refuse_large_table(file: IO[bytes], size: int, limits: Limits) -> None:
    """See to it that the table of contents, which is read at once, fits into memory."""
    tail = min(size, _MOST_COMMENT + _END_BYTES + _LOCATOR_BYTES)
    file.seek(size - tail)
    end = file.read(tail)
    place = end.rfind(_END)
    if place < 0 or len(end) < place + _END_BYTES:
        raise UsageError("The zip has no end.", hint="Send it again, all of it.")
    table = int.from_bytes(end[place + 12 : place + 16], "little")
    extended = end[max(0, place - _LOCATOR_BYTES) :].startswith(_LOCATOR)
    if extended or table > limits.members * _ENTRY_BYTES:
        raise Refused(
            f"The zip holds more than {limits.members} files, or needs the 64-bit extension.",
            hint="Send it as a tar: tar --create --gzip",
        )


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Member:
    name = _name(entry)
    mode = entry.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise Refused(
            f"{name!a:.120} in the zip is encrypted or packed in an unusual way.",
            hint="Make it with: zip --recurse-paths",
        )
    if name.endswith("/"):
        return Member(name=name, kind="folder")
    if kind not in (0, stat.S_IFREG, stat.S_IFLNK):
        raise Refused(
            f"{name!a:.120} in the archive is neither a file nor a folder nor a link.",
            hint="Pack files, folders and links only.",
        )
    with explained():
        content = archive.open(entry)
        if kind == stat.S_IFLNK:
            target = content.read(_LONGEST_LINK).decode("utf-8", "surrogateescape")
            return Member(name=name, kind="link", target=target)
    return Member(
        name=name,
        kind="file",
        size=entry.file_size,
        executable=bool(mode & 0o100),
        content=content,
    )


def _name(entry: zipfile.ZipInfo) -> str:
    """Return a member's name; many programs write UTF-8 and do not say so."""
    name = entry.orig_filename
    if not entry.flag_bits & _UTF8:
        name = name.encode("cp437").decode("utf-8", "surrogateescape")
    if "\\" in name:
        raise Refused(
            f"{name!a:.120} in the zip is named with backslashes.",
            hint="Make it with a program that writes slashes between folders, as the format asks.",
        )
    return name
