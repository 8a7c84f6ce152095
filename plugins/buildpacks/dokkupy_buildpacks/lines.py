"""Output that comes in pieces, as lines."""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Callable
from typing import Final

_COLOUR: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TAIL: Final = 20
_LONGEST: Final = 1024 * 1024
"""Characters of a line; what goes on without an end is given in parts."""


class Lines:
    """Gives each line on, without colours, and keeps the last ones."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._partial = ""
        self.tail: deque[str] = deque(maxlen=_TAIL)

    def feed(self, piece: bytes) -> None:
        """Take what has come."""
        *complete, self._partial = (self._partial + self._decoder.decode(piece)).split("\n")
        for line in complete:
            self._give(line)
        if len(self._partial) > _LONGEST:
            self.end()

    def end(self) -> None:
        """Give on what came last without an end."""
        if self._partial:
            self._give(self._partial)
            self._partial = ""

    def _give(self, line: str) -> None:
        # What a bar of progress shows last is what it comes to.
        shown = _COLOUR.sub("", line.rstrip("\r").rpartition("\r")[2]).rstrip()
        self.tail.append(shown)
        self._on_line(shown)
