"""The tar archive in which a certificate and its key come through a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

from dokkupy.errors import UsageError

CHAIN: Final = "server.crt"
KEY: Final = "server.key"
LONGEST: Final = 1024 * 1024
"""Bytes of the whole archive."""

_BLOCK: Final = 512
_EXTENDED: Final = b"xg"
"""Types of headers that say more of the next member (POSIX 1003.1, pax); nothing of it matters."""


def read(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """Return certificate and key from a tar archive that holds these two files and no other.

    Nothing is ever written: a member's name is compared, not followed.

    Raises:
        UsageError: it is no such archive.
    """
    archive = stream.read(LONGEST + 1)
    if not archive:
        raise UsageError("No certificate was given.", hint=_way())
    if len(archive) > LONGEST:
        raise UsageError(f"The archive has more than {LONGEST // 1024} KiB.", hint=_way())
    found: dict[str, bytes] = {}
    for name, content in _members(archive):
        if name not in (CHAIN, KEY) or name in found:
            again = " twice" if name in found else ""
            raise UsageError(f"The archive holds {name[:80]!a}{again}.", hint=_way())
        found[name] = content
    missing = [name for name in (CHAIN, KEY) if name not in found]
    if missing:
        raise UsageError(f"The archive does not hold {missing[0]}.", hint=_way())
    return found[CHAIN], found[KEY]


def _members(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each member, in the format that all kinds of tar share."""
    at = 0
    while any(header := archive[at : at + _BLOCK]):
        size = _size(header)
        at += _BLOCK
        content = archive[at : at + size]
        if size < 0 or len(content) < size:
            raise _unreadable()
        at += -(-size // _BLOCK) * _BLOCK
        kind = header[156:157]
        if kind in _EXTENDED:
            continue
        name = header[:100].partition(b"\0")[0].decode("utf-8", "replace").removeprefix("./")
        if kind not in (b"0", b"\0"):
            raise UsageError(f"{name[:80]!a} in the archive is not a file of its own.", hint=_way())
        yield name, content


def _size(header: bytes) -> int:
    """Return the size that a header gives, after checking that it is one."""
    if len(header) < _BLOCK:
        raise _unreadable()
    expected = sum(header[:148]) + 8 * 0x20 + sum(header[156:])
    if _octal(header[148:156]) != expected:
        raise _unreadable()
    return _octal(header[124:136])


def _octal(digits: bytes) -> int:
    text = digits.strip(b" \0")
    if not text or text.strip(b"01234567"):
        raise _unreadable()
    return int(text, 8)


def _unreadable() -> UsageError:
    return UsageError("What was given is no plain tar archive.", hint=_way())


def _way() -> str:
    return f"tar c {CHAIN} {KEY} | dokkupy certs add APP"
