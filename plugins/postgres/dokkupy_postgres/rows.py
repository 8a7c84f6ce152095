"""How many rows a dump of PostgreSQL holds, counted as it passes."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 64 * 1024
"""Bytes of a line that are kept to look at: the lines that matter are short, rows may be huge."""

_NAME: Final = rb'(?:"(?:[^"\n]|"")+"|[^\s".]+)'
_BEGIN: Final = re.compile(
    rb"^COPY (%b\.%b) (?:\(.*\) )?FROM stdin;$" % (_NAME, _NAME), re.MULTILINE
)
_END: Final = b"\\.\n"


class Rows:
    """Counts the lines between `COPY … FROM stdin;` and the line that ends them.

    Line ends in values are escaped, so that each row is a line.
    """

    def __init__(self) -> None:
        self._found: dict[bytes, int] = {}
        self._table: bytes | None = None
        self._rest = b""
        self._within = False
        """Whether the rest of a line whose beginning was looked at is still to come."""

    def write(self, piece: bytes) -> None:
        """Look at one piece."""
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

    def counts(self) -> dict[str, int]:
        """Return how many rows of each table have passed, by their quoted names."""
        return {table.decode("utf-8", "replace"): count for table, count in self._found.items()}

    def _look(self, lines: bytes) -> None:
        at = 0
        while at < len(lines):
            if self._table is None:
                begin = _BEGIN.search(lines, at)
                if begin is None:
                    return
                self._table = begin[1]
                self._found.setdefault(self._table, 0)
                at = begin.end() + 1
            else:
                end = _end(lines, at)
                stop = end if end >= 0 else len(lines)
                self._found[self._table] += lines.count(b"\n", at, stop)
                at = stop
                self._table = None if end >= 0 else self._table


def _end(lines: bytes, at: int) -> int:
    """Return where the line that ends the rows begins, from the line at `at` on; -1 for none."""
    if lines.startswith(_END, at):
        return at
    found = lines.find(b"\n" + _END, at)
    return found + 1 if found >= 0 else -1
