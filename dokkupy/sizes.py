"""An amount of memory as people write it."""

from __future__ import annotations

import re
from typing import Final, Self

from dokkupy.errors import UsageError

_UNITS: Final = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_FORM: Final = re.compile(r"([0-9]{1,15})([bkmg]?)")
SMALLEST: Final = 4 * 1024**2
"""Bytes; the engine refuses less."""


def in_units(number: int) -> str:
    """Return a number of bytes as `MemorySize` reads it, in the largest unit that is exact."""
    for unit in "gmk":
        if number and number % _UNITS[unit] == 0:
            return f"{number // _UNITS[unit]}{unit}"
    return str(number)


class MemorySize(str):
    """A number of bytes with an optional unit: `512m`, `2g`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return `text` in lower case.

        Raises:
            UsageError: it is no number with a unit, or less than the engine can enforce.
        """
        size = cls(text.lower())
        if not _FORM.fullmatch(size) or size.bytes < SMALLEST:
            raise UsageError(
                f"{text[:80]!a} is not a memory size of at least 4m.",
                hint="Write a whole number with a unit: 512m or 2g.",
            )
        return size

    @property
    def bytes(self) -> int:
        """The size in bytes."""
        match = _FORM.fullmatch(self)
        return int(match[1]) * _UNITS[match[2]] if match else 0
