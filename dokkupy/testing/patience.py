"""Waiting in tests for what gives no event."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T], *, timeout: float = 20.0) -> T:
    """Return the first true answer of `look`, asked again and again for `timeout` seconds.

    Raises:
        AssertionError: there was none; the message shows the last answer.
    """
    deadline = time.monotonic() + timeout
    while not (answer := look()):
        assert time.monotonic() < deadline, f"still {answer!r} after {timeout:g} s"
        time.sleep(0.02)
    return answer
