"""Visitors of an app at a steady rate, and what each of them saw."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from .conftest import Root

RATE = 60
"""New connections a second, which leaves two cores room for the deploys; see benchmarks for 200."""
LONGEST_SECONDS = 300


@contextmanager
def visitors(visit: Callable[[int], str], *, at_once: int = 16) -> Iterator[Counter[str]]:
    """Make a numbered visit RATE times a second beside a block; count what they came to."""
    seen: Counter[str] = Counter()
    stop = threading.Event()
    began = time.monotonic()

    def come(first: int) -> None:
        number = first
        while not stop.is_set() and time.monotonic() - began < LONGEST_SECONDS:
            stop.wait(max(0.0, began + number / RATE - time.monotonic()))
            try:
                text = visit(number)
            except OSError as error:
                text = f"failed: {error}"
            seen[text] += 1
            number += at_once

    threads = [threading.Thread(target=come, args=(first,)) for first in range(at_once)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def to_pages(
    root: Root, host: str, headers: Mapping[str, str] | None = None
) -> Callable[[int], str]:
    """Return a visit of an app's page, which takes two seconds every fortieth time."""

    def visit(number: int) -> str:
        answer = root.get(host, "/slow?s=2" if number % 40 == 0 else "/", headers=headers)
        return answer.body.strip() if answer.status == 200 else f"status {answer.status}"

    return visit
