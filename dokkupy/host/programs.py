"""The programs of the machine that a server needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dokkupy.host.finding import Finding, blocked, done, notice
from dokkupy.host.part import Part
from dokkupy.host.running import find


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program, the Debian package that has it, and what for."""

    name: str
    package: str
    reason: str
    vital: bool = True


PROGRAMS: Final = (
    Program(name="git", package="git", reason="receives what is pushed"),
    Program(name="nginx", package="nginx-light", reason="serves the apps' traffic"),
    Program(name="useradd", package="passwd", reason="makes the system user"),
    Program(
        name="sshd",
        package="openssh-server",
        reason="lets people push from elsewhere",
        vital=False,
    ),
)


class ProgramsPart(Part):
    """Which of the programs are there; installing them is left to a person."""

    name = "programs"

    def look(self) -> Iterator[Finding]:
        """Give what is missing, each with the command that installs it."""
        missing = [program for program in PROGRAMS if find(program.name) is None]
        for program in missing:
            say = blocked if program.vital else notice
            yield say(
                self.name,
                f"{program.name} is missing; it {program.reason}.",
                f"apt-get install {program.package}",
            )
        there = [program.name for program in PROGRAMS if program not in missing]
        if there:
            yield done(self.name, f"{', '.join(there)} are there.")
