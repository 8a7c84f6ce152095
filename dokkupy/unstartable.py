"""Why a container's program could not even be started."""

from __future__ import annotations

import re
from typing import Final

from dokkupy.executable import Executable, architecture, runs
from dokkupy.last_words import Reason
from dokkupy.scheduler import PlacedStatus
from dokkupy.types import ProcessType

NOT_PERMITTED: Final = 126
NOT_FOUND: Final = 127
"""Exit codes by which a shell, or the init of a container, says so."""

_NO_FORMAT: Final = re.compile(
    # A shell takes a foreign program for a script, and stumbles over its first line.
    r"exec format error|cannot execute binary file|ELF.{0,40}(?:not found|Syntax error)"
    r"|Syntax error: \S+ unexpected",
    re.IGNORECASE | re.DOTALL,
)
_DENIED: Final = re.compile(r"(?:exec |: )(?P<word>\S+?)(?::| failed:) Permission denied")
_ABSENT: Final = re.compile(
    r"exec (?P<init>\S+) failed: No such file"
    r"|(?:^|: )(?:exec: )?(?P<sh>[\w./+-]+): (?:command )?not found"
    r"|env: ['\u2018]?(?P<env>[\w./+-]+)['\u2019]?: No such file",
    re.MULTILINE,
)


def reason(
    status: PlacedStatus, log: str, *, process: ProcessType, host: str = ""
) -> Reason | None:
    """Return why, from how it ended and the file that its command names; None when it ran.

    `host` is the processor of the host, by default of this one.
    """
    host = host or architecture()
    program = next(iter(status.programs), None)
    # Where there is no shell to try it, a foreign program is said to be not found.
    if status.exit_code in (NOT_PERMITTED, NOT_FOUND) or _NO_FORMAT.search(log):
        foreign = _foreign(program, status.architecture, host)
        if foreign is not None:
            return foreign
    if status.exit_code == NOT_PERMITTED or _DENIED.search(log):
        return _not_permitted(program, log, status.exit_code)
    if status.exit_code == NOT_FOUND:
        return _not_found(program, log, process, interpreted=len(status.programs) > 1)
    return None


def _foreign(program: Executable | None, image: str, host: str) -> Reason | None:
    if image and not runs(image, host):
        return Reason(
            why=f"the image is for {image}, and this host is {host}",
            fix=f"Build it from a base image for {host}, and push again.",
        )
    if program is not None and program.made_for and not runs(program.made_for, host):
        return Reason(
            why=f"{program.word} is a program for {program.made_for}, and this host is {host}",
            fix=f"Build {program.word} for linux/{host}, best in the Dockerfile, and push again.",
        )
    return None


def _not_permitted(program: Executable | None, log: str, code: int) -> Reason | None:
    if program is not None and not program.permitted:
        word = program.word
        return Reason(
            why=f"{word} may not be executed",
            fix=f"Permit it, commit, and push again: git update-index --chmod=+x {word}",
        )
    if code != NOT_PERMITTED:
        return None
    denied = _DENIED.search(log)
    return Reason(
        why=f"{denied['word'] if denied else 'its command'} may not be executed",
        fix="Name a program that may be executed, or make it so in the Dockerfile: chmod +x",
    )


def _not_found(
    program: Executable | None, log: str, process: ProcessType, *, interpreted: bool
) -> Reason:
    if program is not None and program.interpreter and not interpreted:
        word, needed = program.word, program.interpreter.rstrip("\r")
        if program.interpreter.endswith("\r"):
            return Reason(
                why=f"the lines of {word} end with CRLF, so {needed} is not found",
                fix=f"Save it with LF and push again: sed -i 's/\\r$//' {word}",
            )
        return Reason(
            why=f"{word} needs {needed}, which is not in the image",
            fix=f"Install {needed} in the image, or correct the first line of {word}.",
        )
    absent = _ABSENT.search(log)
    word = next(filter(None, absent.groups()), "") if absent else ""
    where = f"the command of {process.name} in the Procfile" if process.command else "the CMD"
    return Reason(
        why=f"{word or 'its command'} is not in the image",
        fix=f"Correct {where}, or install {word or 'what it names'} in the image.",
    )
