"""Bringing a whole root up after a reboot or a crash, and down again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dokkupy import changes, ledger, network, pipeline, plan, recovery, routes
from dokkupy.errors import DokkupyError
from dokkupy.locks import app_lock
from dokkupy.report import Report
from dokkupy.types import Instance, Line

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """How many of a root's containers run."""

    containers: int
    proxy: bool


def up(platform: Platform, send: Callable[[Line], None]) -> Power:
    """Mend what a dead runner left, start what should run, and serve it.

    Containers come back at the addresses they had; one that is gone is placed anew.

    Raises:
        DokkupyError: an app did not come up; the others did.
    """
    report = Report(send)
    network.ensure(platform.engine, platform.store)
    recovery.recover_all(platform, report)
    with report.step("resume"):
        gone = _resume(platform)
    failed: list[str] = []
    for app in sorted({instance.app for instance in gone}):
        try:
            _replace(platform, report, app, [i for i in gone if i.app == app])
        except DokkupyError as error:
            failed.append(app)
            report.warning(f"{app} did not come up: {error.message}")
    routes.apply(platform)
    if failed:
        raise DokkupyError(
            f"These apps did not come up: {', '.join(failed)}.",
            hint=f"See why: dokkupy logs {failed[0]} --failed",
        )
    return Power(
        containers=len(platform.store.instances.list()), proxy=platform.proxy.status().running
    )


def down(platform: Platform, send: Callable[[Line], None]) -> Power:
    """Stop the proxy and every container; `up` brings them back as they were."""
    report = Report(send)
    report.progress("Stopping the proxy")
    platform.proxy.stop()
    instances = platform.store.instances.list()
    if instances:
        report.progress(f"Stopping {len(instances)} containers")
    recovery.each(lambda one: platform.scheduler.pause(one.reference, 10.0), instances)
    return Power(containers=0, proxy=False)


def _resume(platform: Platform) -> list[Instance]:
    stopped = {app.name for app in platform.store.apps.list() if app.stopped}
    wanted = [i for i in platform.store.instances.list() if i.app not in stopped]

    def one(instance: Instance) -> bool:
        return platform.scheduler.resume(instance.reference)

    back = recovery.each(one, wanted)
    return [instance for instance, there in zip(wanted, back, strict=True) if not there]


def _replace(platform: Platform, report: Report, app: AppName, gone: list[Instance]) -> None:
    with app_lock(platform.paths, app, what="up", actor=platform.actor):
        for instance in gone:
            platform.store.instances.remove(instance.id)
        release = ledger.live(platform, app)
        formation = platform.store.formation.get(app)
        planned = plan.difference(release, formation, ledger.running(platform, app))
        pipeline.place(platform, report, planned, changes.no_change())
