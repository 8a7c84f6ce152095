"""The number of a TCP port, as people type it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from dokkupy.errors import UsageError


class Port(int):
    """A TCP port."""

    json_schema: ClassVar[Mapping[str, object]] = {
        "type": "integer",
        "minimum": 1,
        "maximum": 65535,
    }

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the number that `text` spells.

        Raises:
            UsageError: it is no number from 1 to 65535.
        """
        if not text.isascii() or not text.isdigit() or not 0 < int(text[:6]) < 65536:
            raise UsageError(f"{text!a:.40} is no port.", hint="Use a number from 1 to 65535.")
        return cls(text)
