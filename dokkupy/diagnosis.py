"""Why an app does not do what it should: its containers, its visitors' way, its last failure."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dokkupy import check, last_failure, ledger, plan, recovery, visiting
from dokkupy.check import Candidate
from dokkupy.errors import DokkupyError, Locked
from dokkupy.locks import try_app_lock
from dokkupy.plan import WEB, Slot
from dokkupy.types import Failure, Instance, Release, ReleaseState

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform

LEAST_FREE: Final = 256 * 1024 * 1024
"""Bytes on the disk of the root below which builds and databases begin to fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    about: str
    """`web.1`, or empty when it is about no container."""
    cause: str
    evidence: tuple[str, ...]
    """Lines that show it: the end of a log."""
    fix: str
    """The command, or the change, that mends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What a look at an app came to."""

    app: str
    healthy: bool
    release: int | None
    """The live one; None before the first."""
    containers: tuple[str, ...]
    """Those that were looked at."""
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """What a command ends with that shows this: 0 when nothing is wrong."""
        return 0 if self.healthy else DokkupyError.exit_code

    def text(self) -> str:
        """Say it in one line when all is well, else each finding with its evidence and remedy."""
        if self.healthy:
            names = ", ".join(self.containers)
            runs = f": {names} {'runs' if len(self.containers) == 1 else 'run'}" if names else ""
            return f"{self.app} is healthy, release {self.release}{runs}."
        return "\n".join(line for finding in self.findings for line in _lines(self.app, finding))


def _lines(app: str, finding: Finding) -> Iterator[str]:
    cause = finding.cause.rstrip(".")
    first = cause.partition(" ")[0]
    # A name keeps its letters at the beginning of a sentence too: `web.1`, `www.example.com`.
    named = first == app or not first.isalpha()
    yield f"{cause if named else cause[:1].upper() + cause[1:]}."
    yield from (f"  {line}" for line in finding.evidence)
    if finding.fix:
        yield f"  -> {finding.fix}"


def examine(platform: Platform, app: AppName) -> Diagnosis:
    """Look at an app as it is now, and at what was done to it last; nothing is changed.

    Raises:
        NotFound: there is no such app.
        EngineError: the containers cannot be looked at.
    """
    stopped = platform.store.apps.get(app).stopped
    release = platform.store.releases.live(app)
    instances = ledger.running(platform, app) if release and not stopped else []
    found = [*_of_the_host(platform), *_cut_short(platform, app)]
    if stopped and release:
        cause = f"{app} is stopped, and visitors are told so"
        found.append(Failure(process="", cause=cause, fix=f"dokkupy ps start {app}"))
    elif release:
        found += _of_containers(platform, release, instances)
    found += _of_the_last_work(platform, app, release)
    if release is None and not found:
        cause = f"{app} has not been deployed yet"
        fix = f"See where to push it: dokkupy git remote {app}"
        found.append(Failure(process="", cause=cause, fix=fix))
    return Diagnosis(
        app=app,
        healthy=not found,
        release=release.number if release else None,
        containers=tuple(instance.name for instance in instances),
        findings=tuple(_finding(failure) for failure in found),
    )


def _finding(failure: Failure) -> Finding:
    return Finding(
        about=failure.process,
        cause=failure.cause,
        evidence=tuple(failure.log.splitlines()),
        fix=failure.fix,
    )


def _of_the_host(platform: Platform) -> Iterator[Failure]:
    root = platform.paths.root
    free = shutil.disk_usage(root).free
    if free < LEAST_FREE:
        cause = f"the disk of {root} is full: {free // 1024**2} MiB are left"
        yield Failure(process="", cause=cause, fix="dokkupy cleanup --apply")


def _cut_short(platform: Platform, app: AppName) -> Iterator[Failure]:
    """Yield what a runner left that died; one that is at work is none of ours."""
    store = platform.store
    if not (store.rollouts.unfinished(app) or store.releases.pending(app)):
        return
    try:
        with try_app_lock(platform.paths, app, what="diagnose", actor=platform.actor):
            left = bool(store.rollouts.unfinished(app) or store.releases.pending(app))
    except Locked:
        return
    if left:
        yield Failure(
            process="",
            cause=f"a deploy of {app} was cut short",
            fix="Finish or undo it: dokkupy up",
        )


def _of_containers(
    platform: Platform, release: Release, instances: Sequence[Instance]
) -> Iterator[Failure]:
    app, formation = release.app, platform.store.formation.get(release.app)
    hosts = platform.store.routes.all().get(app, [])
    host = next(iter(hosts), f"{app}.invalid").replace("*", "www")
    processes = {process.name: process for process in release.processes}
    candidates = [
        Candidate(
            instance=instance,
            slot=Slot(
                process=processes[instance.process],
                ordinal=instance.ordinal,
                scale=plan.scale_of(instance.process, formation),
            ),
            host=host,
        )
        for instance in instances
        if instance.process in processes
    ]
    looks = recovery.each(lambda one: check.look(platform.scheduler, one), candidates)
    yield from filter(None, looks)
    for slot in plan.difference(release, formation, instances).stage:
        name = f"{slot.process.name}.{slot.ordinal}"
        yield Failure(process=name, cause=f"{name} should run and is not there", fix="dokkupy up")
    if not any(plan.scale_of(name, formation).quantity for name in processes):
        yield Failure(
            process="",
            cause=f"{app} runs nothing: {', '.join(f'{name}=0' for name in processes)}",
            fix=f"dokkupy ps scale {app} {WEB if WEB in processes else next(iter(processes))}=1",
        )
    if WEB in processes and plan.scale_of(WEB, formation).quantity:
        serving = {
            one.instance.name: one.instance.endpoint
            for one, failure in zip(candidates, looks, strict=True)
            if failure is None and one.instance.endpoint is not None
        }
        yield from visiting.failures(platform, app, serving, processes[WEB].check)


def _of_the_last_work(platform: Platform, app: AppName, live: Release | None) -> Iterator[Failure]:
    """Yield the verdict of what failed last, as it was kept, unless something went well since."""
    kept = last_failure.last(platform.store, app)
    newest = next(iter(platform.store.releases.list(app)), None)
    if kept is not None and (newest is None or newest.created_at <= kept.at):
        still = f", and release {live.number} serves" if live else ""
        cause = f"the last {kept.what} failed{still}: {kept.failure.cause}"
        yield Failure(process="", cause=cause, fix=kept.failure.fix, log=kept.failure.log)
    elif newest is not None and newest.state is ReleaseState.FAILED:
        cause = f"release {newest.number} failed: {newest.error}"
        yield Failure(process="", cause=cause, fix=f"See its output: dokkupy logs {app} --failed")
