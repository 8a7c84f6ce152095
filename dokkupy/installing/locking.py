"""Letting deploys wait while what they would import changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

from dokkupy.errors import Locked
from dokkupy.installing.user import User
from dokkupy.locks import app_lock, proxy_lock, try_app_lock
from dokkupy.store import Store
from dokkupy.types import Line

if TYPE_CHECKING:
    from dokkupy.paths import Paths


def pause_deploys(stack: ExitStack, paths: Paths, actor: str, what: str) -> Iterator[Line]:
    """Take the lock of every app and the proxy's until `stack` ends; say on whom it waits.

    A deploy that is under way finishes first; one that comes meanwhile waits.
    """
    if not paths.state_db.exists():
        return
    user = User.owning(paths.root)

    def take(lock: AbstractContextManager[None]) -> None:
        with user.acting():
            stack.enter_context(lock)

    with user.acting():
        store = Store(paths.state_db, actor=actor)
        try:
            apps = [app.name for app in store.apps.list()]
        finally:
            store.close()
    for app in sorted(apps):
        try:
            take(try_app_lock(paths, app, what=what, actor=actor))
        except Locked as busy:
            yield Line(text=f"Waiting: {busy.message}", stream="progress")
            take(app_lock(paths, app, what=what, actor=actor))
    take(proxy_lock(paths, what=what, actor=actor))
