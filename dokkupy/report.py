"""What a deploy tells while it works, and how long each of its steps took."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from dokkupy.jobs import encode
from dokkupy.types import Line

if TYPE_CHECKING:
    from pathlib import Path

    from dokkupy.jobs import Channel

RECENT_LINES: Final = 60
"""More than any evidence of a failed build has."""
LONGEST_COPY: Final = 8 * 1024 * 1024
"""Bytes of a build's story that are kept; the beginning says more than the middle."""


class Report:
    """Lines for whoever follows, and the timed steps for the ledger."""

    def __init__(self, send: Callable[[Line], None]) -> None:
        self._send = send
        self._copy: int | None = None
        self._recent: deque[str] = deque(maxlen=RECENT_LINES)
        self.steps: list[tuple[str, float]] = []
        """Name and seconds of each step that ended, until the ledger takes them."""

    def progress(self, text: str) -> None:
        """Tell which step begins, or what came of one."""
        self._tell(text, "progress")

    def output(self, text: str) -> None:
        """Pass on a line that a build or a task printed."""
        self._recent.append(text)
        self._tell(text, "output")

    def has_shown(self, evidence: str) -> bool:
        """Say whether evidence is what was printed just now, and need not be shown again."""
        lines = {line for line in evidence.splitlines() if line.strip()}
        return bool(lines) and lines <= set(self._recent)

    def warning(self, text: str) -> None:
        """Tell of something that is wrong but stops nothing."""
        self._tell(text, "warning")

    @contextmanager
    def copied(self, file: Path) -> Iterator[None]:
        """Write what a block tells to a file too, as much as is bearable to keep."""
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            self._copy = descriptor
            yield
        finally:
            self._copy = None
            os.close(descriptor)

    def _tell(self, text: str, stream: Channel) -> None:
        self._send(Line(text=text, stream=stream))
        if self._copy is not None:
            # A full disk must not end what the story tells of.
            with suppress(OSError):
                if os.lseek(self._copy, 0, os.SEEK_END) < LONGEST_COPY:
                    os.write(self._copy, encode(stream, text))

    def line(self, line: Line) -> None:
        """Pass on a line of work that reports for itself."""
        self._send(line)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a block as one step."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.steps.append((name, time.monotonic() - began))
