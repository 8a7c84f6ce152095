"""A dump cut into lines as it passes, whatever the pieces that it comes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

LONGEST: Final = 64 * 1024
"""Bytes of a line that are kept to look at: the lines that matter are short, rows may be huge."""


class DumpLines:
    """Hands whole lines on, each with its end; of one that is too long, its beginning alone."""

    def __init__(self, look: Callable[[bytes], None]) -> None:
        self._look = look
        self._rest = b""
        self._within = False
        """Whether the rest of a line whose beginning was handed on is still to come."""

    def write(self, piece: bytes) -> None:
        """Take one piece, of any size."""
        if self._within:
            _, ended, piece = piece.partition(b"\n")
            if not ended:
                return
            self._within = False
        lines, ended, self._rest = (self._rest + piece).rpartition(b"\n")
        if ended:
            self._look(lines + b"\n")
        if len(self._rest) > LONGEST:
            self._look(self._rest + b"\n")
            self._rest, self._within = b"", True


def line_at(lines: bytes, beginning: bytes, at: int) -> int:
    """Return where a line begins like that, from the one that begins at `at` on; -1 for none."""
    if lines.startswith(beginning, at):
        return at
    found = lines.find(b"\n" + beginning, at)
    return found + 1 if found >= 0 else -1
