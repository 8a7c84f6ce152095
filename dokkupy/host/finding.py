"""What a look at the machine comes to, one fact at a time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What a fact means for a setup."""

    DONE = "done"
    TO_DO = "to-do"
    NOTICE = "notice"
    """Worth knowing; it stops nothing."""
    BLOCKED = "blocked"
    """It is in the way: somebody must mend it before anything is begun."""


_SHOWN: Final = {Verdict.TO_DO: "to do", Verdict.BLOCKED: "in the way"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact, and the command that goes with it.

    Of what is to do it is the command that will be run, of what is in the way the one that
    mends it.
    """

    part: str
    verdict: Verdict
    message: str
    command: str = ""

    def text(self) -> str:
        """Return it as a person reads it, the command on a line of its own."""
        shown = _SHOWN.get(self.verdict, str(self.verdict))
        line = f"{shown:<10}  {self.part:<8}  {self.message}"
        return f"{line}\n{'':24}{self.command}" if self.command else line


def done(part: str, message: str) -> Finding:
    """Return a fact that is as it should be."""
    return Finding(part=part, verdict=Verdict.DONE, message=message)


def to_do(part: str, message: str, command: str = "") -> Finding:
    """Return a fact that a setup will change."""
    return Finding(part=part, verdict=Verdict.TO_DO, message=message, command=command)


def notice(part: str, message: str, command: str = "") -> Finding:
    """Return a fact that a person should know."""
    return Finding(part=part, verdict=Verdict.NOTICE, message=message, command=command)


def blocked(part: str, message: str, command: str) -> Finding:
    """Return a fact that only a person can change."""
    return Finding(part=part, verdict=Verdict.BLOCKED, message=message, command=command)
