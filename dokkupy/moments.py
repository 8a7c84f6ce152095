"""Durations and moments as people write them."""

from __future__ import annotations

import math
import re
import time
from datetime import datetime
from typing import Final, Self

from dokkupy.errors import UsageError

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_FORM: Final = re.compile(r"([0-9]{1,9})([smhd]?)")


class Duration(str):
    """A whole number with an optional unit: `90`, `30s`, `10m`, `2h`, `7d`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return `text` in lower case.

        Raises:
            UsageError: it is no such number.
        """
        duration = cls(text.lower())
        if not _FORM.fullmatch(duration):
            raise UsageError(
                f"{text[:80]!a} is no duration.",
                hint="Write a whole number with a unit: 30s, 10m, 2h or 7d.",
            )
        return duration

    @property
    def seconds(self) -> int:
        """The duration in seconds."""
        match = _FORM.fullmatch(self)
        return int(match[1]) * _UNITS[match[2]] if match else 0


class Moment(float):
    """A moment in seconds since the epoch (UTC), written as a duration ago or as ISO 8601."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the moment that `text` names; one without an offset is in local time.

        Raises:
            UsageError: it is neither a duration nor a date with an optional time.
        """
        if _FORM.fullmatch(text.lower()):
            return cls(time.time() - Duration.parse(text).seconds)
        try:
            found = datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError):
            found = math.nan
        if not found >= 0:
            raise UsageError(
                f"{text[:80]!a} is no moment.",
                hint="Write how long ago (10m, 2h, 7d), or a date: 2026-01-31T18:00.",
            )
        return cls(found)
