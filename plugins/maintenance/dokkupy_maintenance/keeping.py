"""Whether an app is under maintenance and with which page, as it is kept in the store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dokkupy.errors import DokkupyError
from dokkupy.names import AppName

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.store import Store

NOUN: Final = "maintenance"
_ON: Final = "on"
_PAGE: Final = "page"
RETRY_AFTER: Final = 300
"""Seconds after which visitors may ask again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What was decided for one app."""

    since: float | None = None
    """Seconds since the epoch (UTC); None while it is off."""
    retry_after: int = RETRY_AFTER
    """Seconds."""
    page: str = ""
    """HTML of the app's own; empty for the page that comes with the plugin."""


def state(store: Store, app: AppName) -> State:
    """Return what was decided for an app."""
    kept = store.documents.keys(app, NOUN)
    on = kept.get(_ON) or {"since": None, "retry_after": RETRY_AFTER}
    return State(since=on["since"], retry_after=on["retry_after"], page=kept.get(_PAGE, ""))


def switch(store: Store, app: AppName, retry_after: int | None) -> None:
    """Switch it on with the seconds of `Retry-After`, or off with None."""
    now = state(store, app)
    with store.write():
        if retry_after is None:
            store.documents.unset(app, NOUN, _ON)
        else:
            on = {"since": now.since or time.time(), "retry_after": retry_after}
            store.documents.set(app, NOUN, _ON, on)
        if (now.since is None) != (retry_after is None):
            store.events.add(f"{NOUN}.{'off' if retry_after is None else 'on'}", app, {})


def set_page(store: Store, app: AppName, page: str) -> None:
    """Keep an app's own page; an empty one goes back to the plugin's."""
    with store.write():
        if page:
            store.documents.set(app, NOUN, _PAGE, page)
        else:
            store.documents.unset(app, NOUN, _PAGE)
        store.events.add(f"{NOUN}.page", app, {"size": len(page)})


@contextmanager
def served(platform: Platform, app: AppName) -> Iterator[None]:
    """Run a block that changes the state of an app, then serve it, or take it back.

    Raises:
        ProxyRefused: nothing was changed.
    """
    from dokkupy.pipeline import apply_routes

    store = platform.store
    before = state(store, app)
    yield
    after = state(store, app)
    if after == before:
        return
    try:
        apply_routes(platform, changed=app)
    except DokkupyError:
        with store.write():
            if state(store, app) == after:
                set_page(store, app, before.page)
                switch(store, app, None if before.since is None else before.retry_after)
        raise
