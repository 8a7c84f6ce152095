"""The frame around every piece of work on an app: its lock, what a dead runner left, tidying up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dokkupy import housekeeping, last_failure, recovery
from dokkupy.errors import DokkupyError
from dokkupy.locks import app_lock
from dokkupy.report import Report
from dokkupy.types import Line

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform

Send = Callable[[Line], None]


@contextmanager
def at_work(platform: Platform, send: Send, app: AppName, what: str) -> Iterator[Report]:
    """Hold the app's lock, mend what a dead runner left, tell plugins of a failure, tidy up."""
    report = Report(send)
    _require_changeable(platform, app)
    platform.engine.warm()
    with app_lock(
        platform.paths,
        app,
        what=what,
        actor=platform.actor,
        on_wait=lambda holder: report.progress(f"Waiting: {app} is busy with {holder}"),
    ):
        _require_changeable(platform, app)  # it may have been destroyed or locked meanwhile
        recovery.recover(platform, app, report)
        recovery.recover_all(platform, report, but=app)
        try:
            yield report
        except DokkupyError as error:
            failure = last_failure.keep(platform.store, app, what, error)
            platform.hooks.deploy_failed(app=app, failure=failure)
            housekeeping.tidy(platform, app, report, failed=True)
            if report.has_shown(error.detail):
                error.detail = ""
            raise
        last_failure.forget(platform.store, app)
        housekeeping.tidy(platform, app, report)


def _require_changeable(platform: Platform, app: AppName) -> None:
    platform.store.apps.get(app)
    platform.store.apps.refuse_locked(app)
