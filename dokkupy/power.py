"""Bringing a whole root up after a reboot or a crash, and down again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dokkupy import changes, ledger, network, oneoffs, pipeline, plan, recovery, routes
from dokkupy.errors import DokkupyError
from dokkupy.locks import app_lock
from dokkupy.names import AppName
from dokkupy.report import Report
from dokkupy.services import power as services
from dokkupy.types import Instance, InstanceState, Line

if TYPE_CHECKING:
    from dokkupy.plan import Plan
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
        DokkupyError: an app or a service did not come up; the others did.
    """
    report = Report(send)
    network.ensure(platform.engine, platform.store)
    recovery.recover_all(platform, report)
    oneoffs.sweep(platform)
    without = services.up(platform, report)
    with report.step("resume"):
        incomplete = _resume(platform)
    failed: list[str] = []
    for app in incomplete:
        try:
            _complete(platform, report, app)
        except DokkupyError as error:
            failed.append(app)
            report.warning(f"{app} did not come up: {error.message}")
    routes.apply(platform)
    if failed:
        raise DokkupyError(
            f"These apps did not come up: {', '.join(failed)}.",
            hint=f"See why: dokkupy logs {failed[0]} --failed",
        )
    if without:
        raise DokkupyError(
            f"These services did not come up: {', '.join(without)}.",
            hint=f"See why: dokkupy {without[0].replace(' ', ' logs ')}",
        )
    live = [i for i in platform.store.instances.list() if i.state is InstanceState.LIVE]
    return Power(containers=len(live), proxy=platform.proxy.status().running)


def down(platform: Platform, send: Callable[[Line], None]) -> Power:
    """Stop the proxy and every container; `up` brings them back as they were."""
    report = Report(send)
    report.progress("Stopping the proxy")
    platform.proxy.stop()
    instances = [i for i in platform.store.instances.list() if i.reference]
    if instances:
        report.progress(f"Stopping {len(instances)} containers")
    recovery.each(lambda one: platform.scheduler.pause(one.reference, 10.0), instances)
    services.down(platform, report)
    return Power(containers=0, proxy=False)


def _resume(platform: Platform) -> list[AppName]:
    """Start what has stopped; return the apps of which something is missing, by name."""
    store = platform.store
    should_run = {app.name for app in store.apps.list() if not app.stopped}
    live = [i for i in store.instances.list() if i.state is InstanceState.LIVE]
    wanted = [instance for instance in live if instance.app in should_run]
    back = recovery.each(lambda one: _back(platform, one), wanted)
    there = [instance for instance, runs in zip(wanted, back, strict=True) if runs]
    deployed = sorted(should_run & set(map(AppName, store.releases.live_numbers())))
    return [app for app in deployed if _missing(platform, app, there).stage]


def _back(platform: Platform, instance: Instance) -> bool:
    try:
        return platform.scheduler.resume(instance.reference)
    except DokkupyError:  # it is there, and cannot be started
        return False


def _missing(platform: Platform, app: AppName, there: Sequence[Instance]) -> Plan:
    release = ledger.live(platform, app)
    formation = platform.store.formation.get(app)
    return plan.difference(release, formation, [i for i in there if i.app == app])


def _complete(platform: Platform, report: Report, app: AppName) -> None:
    """Place anew what is missing of an app, as it is once nobody else is at work on it."""
    with app_lock(
        platform.paths,
        app,
        what="up",
        actor=platform.actor,
        on_wait=lambda holder: report.progress(f"Waiting: {app} is busy with {holder}"),
    ):
        if not platform.store.apps.exists(app) or platform.store.apps.get(app).stopped:
            return
        for instance in ledger.running(platform, app):
            if not _back(platform, instance):
                platform.scheduler.retire(instance.reference, 0)
                platform.store.instances.remove(instance.id)
        recovery.sweep(platform, app)
        planned = _missing(platform, app, ledger.running(platform, app))
        pipeline.place(platform, report, planned, changes.no_change())
