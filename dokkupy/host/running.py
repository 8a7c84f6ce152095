"""Running the programs of the machine, and dokkupy itself, as argument lists."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from dokkupy.errors import DokkupyError

SYSTEM_FOLDERS: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where sshd, sudo and boot look for programs, whatever the PATH of whoever asks."""


def find(program: str) -> Path | None:
    """Return where a program of the machine is."""
    path = os.pathsep.join((SYSTEM_FOLDERS, os.environ.get("PATH", "")))
    found = shutil.which(program, path=path)
    return Path(found) if found else None


def run(words: Sequence[str]) -> str:
    """Run a program of the machine to its end and return what it said.

    Raises:
        DokkupyError: it is not there, or it failed; what it said is the detail.
    """
    return "\n".join(told(words))


def told(words: Sequence[str]) -> Iterator[str]:
    """Run a program of the machine and give what it says, line by line, as it says it.

    Raises:
        DokkupyError: it is not there, or it failed; what it said is the detail.
    """
    program = find(words[0])
    if program is None:
        raise DokkupyError(f"{words[0]} is not installed.", hint="See: dokkupy host check")
    lines = []
    with subprocess.Popen(
        [str(program), *words[1:]],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None  # noqa: S101 (it was asked for)
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            yield lines[-1]
    if process.returncode:
        raise DokkupyError(
            f"{program.name} ended with code {process.returncode}.",
            hint=f"Try it by hand: {shlex.join(words)}",
            detail="\n".join(lines),
        )


def own(root: Path, *words: str) -> list[str]:
    """Return the command that runs an operation on the root, with this very dokkupy."""
    return [sys.executable, "-P", "-m", "dokkupy", "--root", str(root), *words]


def typed(root: Path, *words: str) -> str:
    """Return an operation on the root as a person would type it."""
    from dokkupy.paths import DEFAULT_ROOT

    where = () if root == DEFAULT_ROOT else ("--root", str(root))
    return shlex.join(["dokkupy", *where, *words])
