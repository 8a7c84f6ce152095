"""Events as they happen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dokkupy.store import Store
    from dokkupy.types import Event

LOOK_SECONDS: Final = 0.2
"""How often the store is asked for new ones; it cannot call."""
ALL: Final = -1
"""SQLite's word for no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which events are wanted; what is empty narrows nothing."""

    app: str = ""
    verb: str = ""
    """A whole one, or its beginning up to a dot."""
    actor: str = ""
    since: float = 0.0
    """Seconds since the epoch (UTC)."""


def newest(store: Store, wanted: Filter, limit: int = ALL, *, after: int = 0) -> list[Event]:
    """Return the newest events, the oldest first, that are wanted and later than one's id."""
    return store.events.list(
        app=wanted.app,
        verb=wanted.verb,
        actor=wanted.actor,
        since=wanted.since,
        after=after,
        limit=limit,
    )


def following(store: Store, wanted: Filter, limit: int = ALL) -> Iterator[Event]:
    """Yield the newest events, then each as it happens; it never ends by itself."""
    seen = store.events.newest()
    first = newest(store, wanted, limit)
    yield from first
    seen = max([seen, *(event.id for event in first)])
    while True:
        # Asked before: whatever is not wanted up to there need not be looked at again.
        last = store.events.newest()
        fresh = newest(store, wanted, after=seen)
        yield from fresh
        seen = max([last, *(event.id for event in fresh)])
        time.sleep(LOOK_SECONDS)
