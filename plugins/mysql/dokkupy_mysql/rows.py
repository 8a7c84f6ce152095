"""How many rows a dump of MariaDB holds, counted as it passes."""

from __future__ import annotations

import re
from typing import Final

from dokkupy.services.dump_lines import DumpLines, line_at

_BEGIN: Final = re.compile(rb"^-- Dumping data for table `((?:[^`\n]|``)+)`$", re.MULTILINE)
_END: Final = b"UNLOCK TABLES;\n"
_INSERT: Final = b"INSERT INTO "


class Rows:
    """Counts the lines that are rows: `mariadb-dump` begins each with its parenthesis.

    Line ends in values are escaped, so that no value can look like a row. MySQL's own program
    writes many rows on a line; of those tables nothing is said.
    """

    def __init__(self) -> None:
        self._found: dict[bytes, int] = {}
        self._unsure: set[bytes] = set()
        self._table: bytes | None = None
        self._lines = DumpLines(self._look)

    def write(self, piece: bytes) -> None:
        """Look at one piece."""
        self._lines.write(piece)

    def counts(self) -> dict[str, int]:
        """Return how many rows of each table have passed."""
        return {
            table.replace(b"``", b"`").decode("utf-8", "replace"): count
            for table, count in self._found.items()
            if table not in self._unsure
        }

    def _look(self, lines: bytes) -> None:
        """Look at whole lines, or at the beginning of one alone."""
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
                self._count(self._table, lines[at:stop])
                at = stop
                self._table = None if end >= 0 else self._table

    def _count(self, table: bytes, lines: bytes) -> None:
        self._found[table] += lines.startswith(b"(") + lines.count(b"\n(")
        at = line_at(lines, _INSERT, 0)
        while at >= 0:
            end = lines.find(b"\n", at)
            if not lines.endswith(b"VALUES", at, end if end >= 0 else len(lines)):
                self._unsure.add(table)
            at = line_at(lines, _INSERT, end + 1) if end >= 0 else -1
