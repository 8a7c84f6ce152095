"""How many rows a dump of PostgreSQL holds, counted as it passes."""

from __future__ import annotations

import re
from typing import Final

from dokkupy.services.dump_lines import DumpLines, line_at

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
        self._lines = DumpLines(self._look)

    def write(self, piece: bytes) -> None:
        """Look at one piece."""
        self._lines.write(piece)

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
                end = line_at(lines, _END, at)
                stop = end if end >= 0 else len(lines)
                self._found[self._table] += lines.count(b"\n", at, stop)
                at = stop
                self._table = None if end >= 0 else self._table
