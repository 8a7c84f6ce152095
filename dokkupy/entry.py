"""The small executables by which git and sshd enter dokkupy."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import dokkupy


def script(statement: str) -> str:
    """Return an executable's text that runs one statement in this Python, without its packages.

    To look for packages (`site`) costs as much as all the rest of the start. It begins as a shell
    script because the path after `#!` is bounded and ends at the first blank.
    """
    home = str(Path(dokkupy.__file__).parent.parent)
    return (
        "#!/bin/sh\n"
        f"'''exec' {shlex.quote(sys.executable)} -IS \"$0\" \"$@\"\n"
        "'''\n"
        f"import sys; sys.path.insert(0, {home!r})\n"
        f"{statement}\n"
    )


def keep(file: Path, text: str, *, mode: int) -> None:
    """See to it that the file has this text; whoever reads it meets the old one or the new."""
    if file.exists() and file.read_text() == text:
        return
    fresh = file.with_name(f"{file.name}.{os.getpid()}.new")
    fresh.touch(mode)
    fresh.write_text(text)
    fresh.replace(file)
