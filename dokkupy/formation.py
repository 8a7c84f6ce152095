"""Changes of how a live release runs: more or fewer containers, other limits, none, or new ones.

Each function is an entrance to the way of a push at "plan", run by the detached runner like those
of `dokkupy.pipeline`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dokkupy import changes, ledger, plan
from dokkupy.deployment import Deployment
from dokkupy.errors import Conflict, NotFound
from dokkupy.names import AppName
from dokkupy.pipeline import place, unless_stopped
from dokkupy.types import Release
from dokkupy.work import Send, at_work

if TYPE_CHECKING:
    from dokkupy.names import ProcessName
    from dokkupy.platform import Platform


def scale(
    platform: Platform, send: Send, *, app: AppName, quantities: Mapping[ProcessName, int]
) -> Deployment:
    """Run more or fewer containers of the live release; only the difference is touched."""
    with at_work(platform, send, app, "scale") as report:
        release = ledger.live(platform, app)
        before = platform.store.formation.get(app)
        _require(release, list(quantities))
        after = before | {
            name: replace(plan.scale_of(name, before), quantity=quantity)
            for name, quantity in quantities.items()
        }
        planned = plan.difference(release, after, ledger.running(platform, app))
        planned = unless_stopped(platform, planned)
        return place(platform, report, planned, changes.scaled(platform, app, after))


def limit(
    platform: Platform,
    send: Send,
    *,
    app: AppName,
    process: ProcessName,
    memory: int | None,
    cpus: float | None,
    pids: int | None,
) -> Deployment:
    """Change what each container of a process may take (bytes, cores, tasks); None stays."""
    with at_work(platform, send, app, f"limit of {process}") as report:
        release = ledger.live(platform, app)
        _require(release, [process])
        before = platform.store.formation.get(app)
        given = {"memory": memory, "cpus": cpus, "pids": pids}
        wanted: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        after = before | {process: replace(plan.scale_of(process, before), **wanted)}
        running = ledger.running(platform, app)
        planned = plan.replacement(release, after, running, [process])
        planned = unless_stopped(platform, planned)
        return place(platform, report, planned, changes.scaled(platform, app, after))


def restart(
    platform: Platform, send: Send, *, app: AppName, processes: Sequence[ProcessName]
) -> Deployment:
    """Replace the containers of the named processes, or all, by new ones of the live release.

    Raises:
        Conflict: the app is stopped.
        DeployFailed: a new one did not prove itself; the old ones serve.
    """
    with at_work(platform, send, app, "restart") as report:
        release = ledger.live(platform, app)
        _require(release, processes)
        if platform.store.apps.get(app).stopped:
            raise Conflict(f"App {app} is stopped.", hint=f"Start it: dokkupy ps start {app}")
        named = processes or [process.name for process in release.processes]
        formation = platform.store.formation.get(app)
        planned = plan.replacement(release, formation, ledger.running(platform, app), named)
        return place(platform, report, planned, changes.no_change())


def stop(platform: Platform, send: Send, *, app: AppName) -> Deployment:
    """Answer with the stopped page and end every container."""
    with at_work(platform, send, app, "stop") as report:
        release = ledger.live(platform, app)
        planned = plan.nothing(release, ledger.running(platform, app))
        return place(platform, report, planned, changes.stopping(platform, app, stopped=True))


def start(platform: Platform, send: Send, *, app: AppName) -> Deployment:
    """Run a stopped app again."""
    with at_work(platform, send, app, "start") as report:
        release = ledger.live(platform, app)
        formation = platform.store.formation.get(app)
        planned = plan.difference(release, formation, ledger.running(platform, app))
        return place(platform, report, planned, changes.stopping(platform, app, stopped=False))


def _require(release: Release, processes: Sequence[ProcessName]) -> None:
    known = [process.name for process in release.processes]
    for process in processes:
        if process not in known:
            raise NotFound(
                f"App {release.app} has no process {process}.", hint=f"It has: {', '.join(known)}"
            )
