"""Finishing or undoing a rollout from what the store says, whoever began it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dokkupy import building, builds, check, git, moves, routes
from dokkupy.errors import DokkupyError, Locked, NotFound, Refused
from dokkupy.locks import try_app_lock
from dokkupy.store import Rollout, RolloutState
from dokkupy.types import Instance, InstanceState, ReleaseState

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.report import Report

AT_ONCE = 4
"""Containers that are started, or stopped, side by side."""
DRAIN_POLL_SECONDS = 0.02
DIED = "The process that deployed it died before the switch."

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a rollout waits, in seconds."""

    probation: float = 5.0
    """How long new containers are watched while the old ones stand by."""
    drain: float = 30.0
    """The longest that requests in flight keep an old container alive."""
    grace: float = 10.0
    """Between asking an old container to end and making it."""


def pace_of(platform: Platform, app: AppName) -> Pace:
    """Return what the settings under `checks` say for an app."""
    values = platform.properties.values("checks", app)
    return Pace(**{key: float(str(value)) for key, value in values.items()})


def finish(platform: Platform, row: Rollout, pace: Pace) -> None:
    """Walk a switched rollout to its end: settled, drained, retired; then its branch moves.

    Raises:
        Refused: somebody else has moved the branch; all the rest is done.
    """
    store = platform.store
    instances = store.instances.list(row.app)
    old = [i for i in instances if i.state is InstanceState.DRAINING]
    for instance in instances:
        if instance.state is InstanceState.LIVE and instance.release == row.release:
            platform.scheduler.promote(instance.reference)
    store.rollouts.reach(row, RolloutState.SETTLED)
    routes.apply(platform, changed=row.app)
    _drain(platform, old, pace.drain)
    store.rollouts.reach(row, RolloutState.DRAINED)
    _retire(platform, old, grace=pace.grace)
    try:
        _move_branch(platform, row)
    except Refused:  # as it would be every time
        store.rollouts.reach(row, RolloutState.RETIRED)
        raise
    store.rollouts.reach(row, RolloutState.RETIRED)


def undo(platform: Platform, row: Rollout, *, routed: bool) -> None:
    """Remove what a rollout staged; `routed` when the proxy may know of it.

    Raises:
        ProxyRefused: what was staged still has the traffic, so it stays.
    """
    # What is left of another one, which could not be undone, may have the traffic too.
    if routed or len(platform.store.rollouts.unfinished(row.app)) > 1:
        # Not as a change of the app: whatever of its part is refused now, it goes back.
        routes.apply(platform)
    sweep(platform, row.app)
    platform.store.rollouts.reach(row, RolloutState.FAILED)


def sweep(platform: Platform, app: AppName) -> None:
    """Remove the containers of an app that serve nobody: staged ones and nobody's.

    What staged ones printed is kept for `logs APP --failed`. Needs the app's lock.
    """
    staged = [i for i in platform.store.instances.list(app) if i.state is InstanceState.STAGED]
    for instance in staged:
        if instance.reference:
            _keep_log(platform, instance)
    _retire(platform, staged, grace=0)
    _remove_orphans(platform, app)


def _remove_orphans(platform: Platform, app: AppName) -> None:
    known = {instance.reference for instance in platform.store.instances.list(app)}
    for reference in platform.scheduler.orphans(app, known):
        platform.scheduler.retire(reference, 0)


def recover(platform: Platform, app: AppName, report: Report) -> None:
    """Finish or undo what a dead runner left of one app; needs the app's lock.

    What fails is told and left to the next recovery: it must not stop the work of today.
    """
    store = platform.store
    building.discard(platform, app)
    with _put_off(report):
        if store.builds.unfinished(app):
            # What a dead runner's build runs in would build on, and hold up the next one.
            _remove_orphans(platform, app)
        builds.recover(platform, app)
    with _put_off(report):
        if moves.is_unfinished(platform, app):
            routes.apply(platform, changed=app)
            moves.finish(platform, app)
    for row in store.rollouts.unfinished(app):
        begun = "Finishing" if row.state.serves_new else "Undoing"
        report.warning(f"{begun} release {row.release} of {app}, left at {row.state}.")
        with _put_off(report):
            if row.state.serves_new:
                finish(platform, row, pace_of(platform, app))
                sweep(platform, app)  # addresses of what was removed before it was noted
            else:
                undo(platform, row, routed=row.state is RolloutState.UNDOING)
    if store.rollouts.unfinished(app):
        return  # what is left of it may have the traffic, and must not be swept away
    for release in store.releases.pending(app):
        with _put_off(report):
            sweep(platform, app)
            why = release.error or DIED
            store.releases.set_state(app, release.number, ReleaseState.FAILED, error=why)


@contextmanager
def _put_off(report: Report) -> Iterator[None]:
    try:
        yield
    except DokkupyError as error:
        report.warning(f"That has to wait: {error.message}")


def recover_all(platform: Platform, report: Report, *, but: AppName | None = None) -> None:
    """Do the same for every other app that nobody is at work on."""
    left = {row.app for row in platform.store.rollouts.unfinished()}
    left |= {release.app for release in platform.store.releases.pending()}
    left |= moves.unfinished(platform).keys()
    left |= building.owners(platform)
    left |= {record.app for record in platform.store.builds.unfinished()}
    for app in left - {but}:
        try:
            with try_app_lock(platform.paths, app, what="recovery", actor=platform.actor):
                recover(platform, app, report)
        except Locked:
            continue


def failed_logs(platform: Platform, app: AppName) -> Path:
    """Return the folder with the output of the app's failed containers."""
    return platform.paths.failed_logs / app


def each(function: Callable[[A], B], items: Sequence[A]) -> list[B]:
    """Return `function` of each item, computed side by side; the first exception is raised."""
    if len(items) < 2:
        return [function(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(function, items))


def _retire(platform: Platform, instances: Sequence[Instance], *, grace: float) -> None:
    def one(instance: Instance) -> None:
        if instance.reference:
            platform.scheduler.retire(instance.reference, grace)

    each(one, instances)
    for instance in instances:
        platform.store.instances.remove(instance.id)


def _keep_log(platform: Platform, instance: Instance) -> None:
    try:
        text = check.failed_log(platform.scheduler, instance)
    except NotFound:
        return
    folder = failed_logs(platform, instance.app)
    with suppress(OSError):  # a full disk keeps nobody from removing the container
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / f"release-{instance.release}-{instance.name}.log").write_text(text + "\n")


def _move_branch(platform: Platform, row: Rollout) -> None:
    update = row.ref_update
    if update is not None and git.current(platform.paths, row.app, update.ref) != update.new:
        git.update_ref(platform.paths, row.app, update.ref, update.new, update.old)


def _drain(platform: Platform, old: Sequence[Instance], limit: float) -> None:
    endpoints = [instance.endpoint for instance in old if instance.endpoint is not None]
    until = time.monotonic() + limit
    while endpoints and time.monotonic() < until and platform.proxy.connections(endpoints):
        time.sleep(DRAIN_POLL_SECONDS)
