"""What a deploy tells while it works, and how long each of its steps took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dokkupy.types import Line


class Report:
    """Lines for whoever follows, and the timed steps for the ledger."""

    def __init__(self, send: Callable[[Line], None]) -> None:
        self._send = send
        self.steps: list[tuple[str, float]] = []
        """Name and seconds of each step that ended, until the ledger takes them."""

    def progress(self, text: str) -> None:
        """Tell which step begins, or what came of one."""
        self._send(Line(text=text, stream="progress"))

    def output(self, text: str) -> None:
        """Pass on a line that a build or a task printed."""
        self._send(Line(text=text, stream="output"))

    def warning(self, text: str) -> None:
        """Tell of something that is wrong but stops nothing."""
        self._send(Line(text=text, stream="warning"))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a block as one step."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.steps.append((name, time.monotonic() - began))
