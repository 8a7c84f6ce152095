"""Leaving when nobody reads our output any more, even while there is nothing to write.

A client of ssh that goes away without a terminal sends no signal; whoever follows a quiet log
would never learn of it.
"""

from __future__ import annotations

import os
import select
import threading
from typing import Final

PIPE_CLOSED: Final = 141
"""128 + SIGPIPE, as shells count."""


def leave_with_reader(descriptor: int = 1) -> None:
    """From now on, end this process when the other end of its output is closed."""
    threading.Thread(target=_watch, args=(descriptor,), name="hangup", daemon=True).start()


def _watch(descriptor: int) -> None:
    # Errors and the end are told though nothing is asked for (poll(2)).
    poll = select.poll()
    poll.register(descriptor, 0)
    if any(what & (select.POLLERR | select.POLLHUP) for _, what in poll.poll()):
        os._exit(PIPE_CLOSED)
