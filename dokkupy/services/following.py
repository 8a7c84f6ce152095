"""Work of this process that reports by callback, as a stream of lines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVar

from dokkupy.report import Report
from dokkupy.types import Line, Stream

T = TypeVar("T")
Stopped = Callable[[], bool]
"""Says whether nobody listens any more."""


def followed(work: Callable[[Report, Stopped], T]) -> Stream[T]:
    """Yield each line that `work` reports as it does so, and return what it returns.

    `work` runs in a thread of its own. A caller that stops listening waits until it has noticed;
    one who interrupts it hears what it says of that.
    """
    lines: SimpleQueue[Line | None] = SimpleQueue()
    stopped = threading.Event()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="work") as pool:
        future = pool.submit(work, Report(lines.put), stopped.is_set)
        future.add_done_callback(lambda _: lines.put(None))
        try:
            with suppress(KeyboardInterrupt):
                while (line := lines.get()) is not None:
                    yield line
        finally:
            stopped.set()
        return future.result()
