"""Serving a change of domains at once, or taking it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dokkupy.errors import DokkupyError
from dokkupy.names import AppName
from dokkupy_domains import hosts

if TYPE_CHECKING:
    from dokkupy.platform import Platform


@contextmanager
def for_app(platform: Platform, app: AppName) -> Iterator[None]:
    """Run a block that changes the domains of `app`, then serve them.

    When they cannot be served the change is taken back, unless somebody changed them again
    meanwhile.
    """
    before = hosts.chosen(platform.store, app)
    yield
    after = hosts.chosen(platform.store, app)
    if after == before:
        return
    try:
        _apply(platform, app)
    except DokkupyError:
        with platform.store.write():
            if hosts.chosen(platform.store, app) == after:
                hosts.decide(platform.store, app, before)
        raise


@contextmanager
def for_all(platform: Platform) -> Iterator[None]:
    """Run a block that changes the global domains, then serve them, as `for_app` does."""
    before = hosts.chosen_globally(platform.store)
    yield
    after = hosts.chosen_globally(platform.store)
    if after == before:
        return
    try:
        _apply(platform, "")
    except DokkupyError:
        with platform.store.write():
            if hosts.chosen_globally(platform.store) == after:
                hosts.decide_global(platform.store, before)
        raise


def _apply(platform: Platform, changed: str) -> None:
    from dokkupy.pipeline import apply_routes

    apply_routes(platform, changed=changed)
