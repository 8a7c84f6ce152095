"""Starting a program with the right to ports below 1024, where a host gave a root that right."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

CAPABILITIES: Final = "security.capability"
"""The attribute of a file that holds its capabilities (xattr(7))."""
_PASS_ON: Final = ("--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service")
"""Options of setpriv(1): what it starts keeps the one capability that it has itself."""


def launched(launcher: Path | None, words: Sequence[str]) -> list[str]:
    """Return `words` as they are run with that right, or as they are where there is no launcher.

    A process with a capability is shut to others of the same user: only one that has it too can
    read its links in `/proc` (ptrace(2), "Ptrace access mode checking").
    """
    if launcher is None or not _has_right(launcher):
        return list(words)
    return [str(launcher), *_PASS_ON, *words]


def _has_right(launcher: Path) -> bool:
    """Say whether it is there and a copy, a restored backup say, has not lost its capability."""
    try:
        os.getxattr(launcher, CAPABILITIES)
    except OSError:
        return False
    return os.access(launcher, os.X_OK)
