"""The settings of the core itself, declared as a plugin declares its own."""

from __future__ import annotations

from typing import Final

from dokkupy.errors import UsageError
from dokkupy.sizes import MemorySize
from dokkupy.source_path import SourcePath
from dokkupy.types import Property, PropertyGroup

LONGEST: Final = 86_400.0
"""Seconds of a day."""


class Seconds(float):
    """A duration from 0 to 86,400 seconds, a day."""

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
        if not 0 <= seconds <= LONGEST:
            raise UsageError(
                f"{text!a:.40} is no duration.", hint="Give seconds from 0 to 86400, such as 30."
            )
        return seconds

    def __str__(self) -> str:
        return f"{float(self):g}"


class Count(int):
    """A whole number from 1 to 1,000,000."""

    @classmethod
    def parse(cls, text: str) -> Count:
        """Return the number that `text` spells.

        Raises:
            UsageError: it is no whole number, or out of range.
        """
        if not (text.isascii() and text.isdigit() and 0 < int(text[:8]) <= 1_000_000):
            raise UsageError(f"{text!a:.40} is no number from 1 to 1000000.", hint="Give 10.")
        return cls(text)


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

RELEASES: Final = PropertyGroup(
    noun="releases",
    properties=(
        Property(
            name="keep",
            type=Count,
            default="10",
            help="How many releases keep their images, so that they can be rolled back to",
        ),
    ),
)

BUILDS: Final = PropertyGroup(
    noun="builds",
    properties=(
        Property(
            name="keep",
            type=Count,
            default="10",
            help="How many builds are kept, so that they can be deployed, and as many failed ones",
        ),
        Property(
            name="timeout",
            type=Seconds,
            default="3600",
            help="Most seconds that a build, or the tests after it, may take; 0 is no limit",
        ),
        Property(
            name="test",
            type=bool,
            default=True,
            help="Whether the tests that an app declares must pass before it is released",
        ),
        Property(
            name="build-dir",
            type=SourcePath,
            default=".",
            help="Folder of the repository that is the app, with its Procfile and app.json",
        ),
        Property(
            name="at-once",
            type=Count,
            scopes="global",
            help="How many builds run side by side; none: as many as the host can take",
        ),
    ),
)

HOUSEKEEPING: Final = PropertyGroup(
    noun="housekeeping",
    properties=(
        Property(
            name="failed-deploys",
            type=Count,
            default="5",
            help="How many failed deploys keep what their containers printed",
        ),
        Property(
            name="events",
            type=Count,
            default="10000",
            scopes="global",
            help="How many events are kept",
        ),
        Property(
            name="submodules",
            type=MemorySize,
            default="2g",
            scopes="global",
            help="Most that the repositories of submodules take; what no build used goes first",
        ),
        Property(
            name="build-cache",
            type=MemorySize,
            default="10g",
            scopes="global",
            help="Most that BuildKit keeps for builds to come, of all users of the engine",
        ),
    ),
)

CORE_PROPERTIES: Final = {group.noun: group for group in (CHECKS, RELEASES, BUILDS, HOUSEKEEPING)}
