"""Turning work that reports by callback into a stream of lines."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

from dokkupy.types import Line, Stream

T = TypeVar("T")


def stream(work: Callable[[Callable[[str], None]], T]) -> Stream[T]:
    """Yield each line that `work` reports as it does so, and return what it returns.

    `work` runs in a thread of its own. A caller that stops listening waits for its end.

    Raises:
        Exception: whatever `work` raised, after its last line.
    """
    lines: SimpleQueue[str | None] = SimpleQueue()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="stack") as pool:
        future = pool.submit(work, lines.put)
        future.add_done_callback(lambda _: lines.put(None))
        while (text := lines.get()) is not None:
            yield Line(text=text, stream="progress")
        return future.result()
