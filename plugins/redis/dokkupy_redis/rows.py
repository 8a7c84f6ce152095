"""How many keys a dump of Redis holds, read from its beginning."""

from __future__ import annotations

import re
from typing import Final

LOOKED_AT: Final = 4096
_SIZES: Final = re.compile(rb"\xfe\x00\xfb", re.DOTALL)
"""The beginning of database 0, which apps use, and of the number of its keys."""
_WORDS: Final = {0x80: 4, 0x81: 8}


class Keys:
    """Reads how many keys of database 0 do not expire; of the other databases nothing is said.

    The server writes it down ahead of the keys, for the very moment that the dump is of.
    """

    def __init__(self) -> None:
        self._head = b""

    def write(self, piece: bytes) -> None:
        """Look at one piece."""
        self._head += piece[: LOOKED_AT - len(self._head)]

    def counts(self) -> dict[str, int]:
        """Return the number of lasting keys, none when it is not told where it should be."""
        found = _SIZES.search(self._head)
        if found is None:
            return {}
        try:
            keys, at = _length(self._head, found.end())
            expiring, _ = _length(self._head, at)
        except ValueError:
            return {}
        return {"db0": keys - expiring} if keys > expiring else {}


def _length(text: bytes, at: int) -> tuple[int, int]:
    """Read a number and where it ends.

    Raises:
        ValueError: there is none.
    """
    first = text[at : at + 1]
    if not first:
        raise ValueError
    kind = first[0] >> 6
    if kind == 0:
        return first[0] & 0x3F, at + 1
    size = 1 if kind == 1 else _WORDS.get(first[0], 0)
    digits = text[at + 1 : at + 1 + size]
    if not size or len(digits) < size:
        raise ValueError
    number = int.from_bytes(digits, "big")
    return number + ((first[0] & 0x3F) << 8) * (kind == 1), at + 1 + size
