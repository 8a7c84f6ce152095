"""Commands that people run beside an app without waiting for them: started, guarded, swept.

Each has a guard, a job that waits for its end and stops it when its time is over. When the guard
is gone too, after a reboot for one, any later command sees to it: its time is written on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from dokkupy import jobs
from dokkupy.errors import NotFound

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.scheduler import OneOff, PlacedOneOff
    from dokkupy.types import Line

GRACE_SECONDS: Final = 10.0
"""Between asking a command to end and making it."""
ABANDONED_SECONDS: Final = 86_400.0
"""How long after its start an ended command, whose caller is gone, is kept."""


def start(platform: Platform, one_off: OneOff) -> PlacedOneOff:
    """Start a command and its guard, and wait for neither."""
    app = one_off.release.app
    placed = platform.scheduler.detach(one_off)
    platform.store.events.add("run.started", app, {"name": placed.name, "seconds": one_off.ttl})
    arguments = {"name": placed.name, "reference": placed.reference, "until": placed.until}
    jobs.submit(platform.paths, "guard", app, arguments, actor=platform.actor)
    return placed


def guard(
    platform: Platform,
    send: Callable[[Line], None],  # noqa: ARG001 - nobody listens
    *,
    app: AppName,
    name: str,
    reference: str,
    until: float,
) -> None:
    """Wait for a command's end; stop it when its time is over."""
    scheduler = platform.scheduler
    ended = scheduler.wait_ended([reference], max(0.0, until - time.time()))
    if ended is None:
        platform.store.events.add("run.timed-out", app, {"name": name})
        scheduler.pause(reference, GRACE_SECONDS)
        return
    status = scheduler.status(reference)
    if status.state != "gone":
        platform.store.events.add("run.ended", app, {"name": name, "exit_code": status.exit_code})


def over(platform: Platform) -> list[PlacedOneOff]:
    """Return the commands whose time is over, and the ended ones whose callers are gone."""
    now = time.time()
    return [one for one in platform.scheduler.one_offs() if _is_over(one, now)]


def sweep(platform: Platform) -> None:
    """Remove the commands whose time is over, whatever became of their guards."""
    for one in over(platform):
        platform.scheduler.retire(one.reference, GRACE_SECONDS if one.state == "running" else 0)


def chosen(platform: Platform, app: AppName, names: Sequence[str] = ()) -> list[PlacedOneOff]:
    """Return the commands of an app that are named, or all of them.

    Raises:
        NotFound: there is none of a name.
    """
    found = {one.name: one for one in platform.scheduler.one_offs(app)}
    for name in names:
        if name not in found:
            raise NotFound(
                f"App {app} has no command {name} running beside it.",
                hint=f"See which there are: dokkupy run list {app}",
            )
    return [found[name] for name in names] if names else list(found.values())


def _is_over(one: PlacedOneOff, now: float) -> bool:
    if one.until:
        return one.until < now
    return one.state == "ended" and one.started_at + ABANDONED_SECONDS < now
