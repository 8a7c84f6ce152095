"""The job that gives an app another name: everything moves, and nobody loses a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dokkupy import moves, oneoffs, pipeline, recovery, routes
from dokkupy.errors import Conflict, DokkupyError, Refused
from dokkupy.locks import app_locks
from dokkupy.names import AppName
from dokkupy.report import Report

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.types import Line


def rename(
    platform: Platform, send: Callable[[Line], None], *, app: AppName, new: str
) -> dict[str, Any]:
    """Move an app to a new name, then replace its containers by ones that carry it.

    Return the number of the release that they are of, under `release`; None without one.

    Raises:
        Conflict: there is an app of the new name.
        Locked: nobody may change the app.
        Refused: people run commands beside it.
        ProxyRefused: the new hosts cannot be served; nothing has changed.
        DeployFailed: everything has moved, and the containers of before serve on.
    """
    report, target = Report(send), AppName(new)
    with app_locks(
        platform.paths,
        [app, target],
        what=f"rename of {app} to {target}",
        actor=platform.actor,
        on_wait=lambda holder: report.progress(f"Waiting: {app} is busy with {holder}"),
    ):
        _move(platform, report, app, target)
    report.progress(f"{app} is called {target} now, with everything that was its own")
    if platform.store.releases.live(target) is None:
        return {"release": None}
    try:
        done = pipeline.refresh(platform, send, app=target, reason=f"rename of {app}")
    except DokkupyError:
        report.warning(f"{target} has its new name, and serves with the containers of before.")
        raise
    return {"release": done.release}


def _move(platform: Platform, report: Report, app: AppName, new: AppName) -> None:
    platform.store.apps.get(app)
    platform.store.apps.refuse_locked(app)
    recovery.recover(platform, app, report)
    moves.finish(platform, app)
    if platform.store.rollouts.unfinished(app):
        raise Conflict(
            f"What a dead deploy left of {app} could not be mended yet.",
            hint=f"See why, then try again: dokkupy ps report {app}",
        )
    running = [one.name for one in oneoffs.chosen(platform, app) if one.state == "running"]
    if running:
        raise Refused(
            f"Commands run beside {app}, which would lose their app: {', '.join(running)}.",
            hint=f"Wait for them, or end them: dokkupy run stop {app} --all",
        )
    moves.begin(platform, app, new)
    try:
        routes.apply(platform, changed=new)
    except DokkupyError:
        moves.take_back(platform, app, new)
        raise
    moves.finish(platform, new)
