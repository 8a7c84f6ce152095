"""The settings of the core itself, declared as a plugin declares its own."""

from __future__ import annotations

from typing import Final

from dokkupy.errors import UsageError
from dokkupy.types import Property, PropertyGroup


class Seconds(float):
    """A duration from 0 to 3600 seconds."""

    @classmethod
    def parse(cls, text: str) -> Seconds:
        """Return the number that `text` spells.

        Raises:
            UsageError: it is no number, or out of range.
        """
        try:
            seconds = cls(text)
        except ValueError:
            seconds = cls("nan")
        if not 0 <= seconds <= 3600:
            raise UsageError(
                f"{text!a:.40} is no duration.", hint="Give seconds from 0 to 3600, such as 30."
            )
        return seconds

    def __str__(self) -> str:
        return f"{float(self):g}"


CHECKS: Final = PropertyGroup(
    noun="checks",
    properties=(
        Property(
            name="probation",
            type=Seconds,
            default="5",
            help="Seconds that new containers are watched while the old ones stand by",
        ),
        Property(
            name="drain",
            type=Seconds,
            default="30",
            help="Most seconds that requests in flight keep an old container alive",
        ),
        Property(
            name="grace",
            type=Seconds,
            default="10",
            help="Seconds between asking an old container to end and making it",
        ),
    ),
)

CORE_PROPERTIES: Final = {CHECKS.noun: CHECKS}
