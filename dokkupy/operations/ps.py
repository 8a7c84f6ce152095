"""Operations on the processes of an app."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Self

from dokkupy import jobs
from dokkupy.deployment import Deployment
from dokkupy.errors import Conflict, NotFound, UsageError
from dokkupy.names import AppName, ProcessName
from dokkupy.operations.registry import Help, operation
from dokkupy.sizes import MemorySize
from dokkupy.types import Environment, Stream

if TYPE_CHECKING:
    from dokkupy.platform import Platform

MOST_CONTAINERS = 100
"""Of one process on one host; more is a slip of the finger."""

SMALLEST_MEMORY = 6 * 1024**2
"""Bytes; the engine takes no less."""
SMALLEST_SHARE = 0.01
"""Of one CPU core; the engine takes no less."""

_NUMBER = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class Quantity:
    """`PROCESS=N`."""

    process: ProcessName
    quantity: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split at the `=`.

        Raises:
            UsageError: it is not a process name and a number from 0 to 100.
        """
        process, _, number = text.partition("=")
        digits = number.lstrip("0") or number[-1:]
        if not _NUMBER.fullmatch(digits) or int(digits) > MOST_CONTAINERS:
            raise UsageError(
                f"{text!a:.80} is no quantity.",
                hint=f"Write PROCESS=N with N from 0 to {MOST_CONTAINERS}, such as web=2.",
            )
        return cls(ProcessName.parse(process), int(digits))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningProcess:
    """One container."""

    name: str
    state: str
    release: int
    endpoint: str
    started_at: float
    """Seconds since the epoch (UTC)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedContainer:
    """One container, whole."""

    name: str
    reference: str
    """How the scheduler knows it."""
    state: str
    exit_code: int | None
    """None while it runs."""
    oom_killed: bool
    started_at: float
    """Seconds since the epoch (UTC)."""
    restarts: bool
    """Whether it is started again when it ends."""
    release: int
    revision: str
    image: str
    command: tuple[str, ...]
    """Empty for the image's own."""
    endpoint: str
    listens_on: tuple[str, ...]
    """As seen from inside."""
    memory: int
    """Bytes."""
    cpus: float
    """0 is no limit."""
    pids: int
    env: Environment
    """Its values are hidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessScale:
    """How one process shall run."""

    process: str
    quantity: int
    memory: int
    """Bytes."""
    cpus: float
    pids: int


@operation(
    summary="Show the containers of an app",
    reads=True,
    default=True,
    empty="Nothing runs. See what shall: dokkupy ps scale APP, or start it: dokkupy ps start APP",
)
def report(platform: Platform, app: AppName) -> list[RunningProcess]:
    """Show every container of an app, as the engine sees it now."""
    from dokkupy.scheduler import PlacedStatus

    platform.store.apps.get(app)
    rows = []
    for instance in platform.store.instances.list(app):
        status = PlacedStatus(state="pending")
        if instance.reference:
            status = platform.scheduler.status(instance.reference)
        rows.append(
            RunningProcess(
                name=instance.name,
                state=status.state,
                release=instance.release,
                endpoint=str(instance.endpoint or ""),
                started_at=status.started_at,
            )
        )
    return rows


@operation(summary="Show everything about a container, without its secrets", reads=True)
def inspect(
    platform: Platform,
    app: AppName,
    container: Annotated[str, Help("Such as web.1, or web for the first")] = "web",
) -> InspectedContainer:
    """Show what a container was made of and how it does, as the engine sees it now.

    Of the environment the keys are shown, never the values.

    Raises:
        NotFound: no such container runs.
    """
    from dokkupy import ledger

    instance = ledger.matching(platform, app, container)[0]
    release = platform.store.releases.get(instance.app, instance.release)
    process = next(one for one in release.processes if one.name == instance.process)
    status = platform.scheduler.status(instance.reference, look_inside=True)
    return InspectedContainer(
        name=instance.name,
        reference=instance.reference,
        state=status.state,
        exit_code=status.exit_code if status.state == "ended" else None,
        oom_killed=status.oom_killed,
        started_at=status.started_at,
        restarts=status.restarts,
        release=release.number,
        revision=release.revision,
        image=release.image,
        command=process.command,
        endpoint=str(instance.endpoint or ""),
        listens_on=tuple(f"{one.address}:{one.port}" for one in status.listeners),
        memory=status.memory,
        cpus=status.cpus,
        pids=status.pids,
        env=Environment(release.env),
    )


@operation(summary="Change how many containers of a process run, or show it", despite_lock=True)
def scale(
    platform: Platform,
    app: AppName,
    quantities: Annotated[list[Quantity] | None, Help("PROCESS=N, several allowed")] = None,
) -> Stream[list[ProcessScale]]:
    """Run more or fewer containers of some processes; nothing else is touched.

    Before the first deploy it decides what the first deploy starts.

    Raises:
        NotFound: the live release has no such process.
        Locked: somebody has locked the app, and it is to be changed.
    """
    from dokkupy import plan

    platform.store.apps.get(app)
    wanted = {item.process: item.quantity for item in quantities or ()}
    if wanted:
        platform.store.apps.refuse_locked(app)
    if wanted and platform.store.releases.live(app):
        yield from jobs.run(platform, "scale", app, {"quantities": wanted})
    elif wanted:
        before = platform.store.formation.get(app)
        platform.store.formation.set(
            app,
            {
                name: replace(plan.scale_of(name, before), quantity=number)
                for name, number in wanted.items()
            },
        )
    return _scales(platform, app)


@operation(summary="Change the limits of a process")
def limit(
    platform: Platform,
    app: AppName,
    process: ProcessName,
    *,
    memory: Annotated[
        MemorySize | None, Help("Most memory of each container, such as 512m")
    ] = None,
    cpus: Annotated[float | None, Help("Most CPU cores of each container; 0 is no limit")] = None,
    pids: Annotated[int | None, Help("Most processes and threads in each container")] = None,
) -> Stream[list[ProcessScale]]:
    """Change what each container of a process may take; they are replaced without losing a request.

    Before the first deploy it decides what the first deploy gets.

    Raises:
        UsageError: a limit makes no sense.
    """
    from dokkupy import plan

    _refuse_impossible(memory, cpus, pids)
    platform.store.apps.get(app)
    given = {"memory": memory.bytes if memory else None, "cpus": cpus, "pids": pids}
    if platform.store.releases.live(app):
        yield from jobs.run(platform, "limit", app, {"process": process, **given})
    else:
        before = plan.scale_of(process, platform.store.formation.get(app))
        wanted: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        platform.store.formation.set(app, {process: replace(before, **wanted)})
    return _scales(platform, app)


@operation(summary="Replace containers by new ones of the same release")
def restart(
    platform: Platform,
    app: AppName,
    processes: Annotated[list[ProcessName] | None, Help("Which processes; all by default")] = None,
) -> Stream[Deployment]:
    """Replace containers without losing a request.

    Raises:
        Conflict: the app is stopped.
    """
    return (yield from _job(platform, "restart", app, {"processes": list(processes or ())}))


@operation(summary="Stop an app")
def stop(platform: Platform, app: AppName) -> Stream[Deployment]:
    """End every container of an app; visitors get a page that says so, with status 503."""
    return (yield from _job(platform, "stop", app, {}))


@operation(summary="Start a stopped app")
def start(platform: Platform, app: AppName) -> Stream[Deployment]:
    """Run a stopped app again with its live release."""
    return (yield from _job(platform, "start", app, {}))


@operation(summary="Build and deploy the live revision again")
def rebuild(platform: Platform, app: AppName) -> Stream[Deployment]:
    """Build what is deployed anew, after a change of build settings or of a base image.

    Raises:
        Conflict: nothing is deployed, or what was not built from what is here.
    """
    from dokkupy import contents, git, ledger

    platform.store.apps.get(app)
    live = ledger.live(platform, app)
    if live.builder == contents.BY_HAND:
        raise Conflict(
            f"The image of release {live.number} of {app} was not built here.",
            hint=f"Deploy the image that shall take its place: dokkupy deploy {app} --image NAME",
        )
    revision = live.revision
    try:
        git.resolve(platform.paths, app, revision)
    except NotFound as error:
        raise Conflict(
            f"The source of release {live.number} of {app}, a {live.description}, is not here.",
            hint=f"Rebuild the app that it came from, and promote it again; or push to {app}: "
            f"dokkupy git remote {app}",
            detail=error.message,
        ) from error
    return (yield from _job(platform, "deploy", app, {"revision": revision}))


def _refuse_impossible(memory: MemorySize | None, cpus: float | None, pids: int | None) -> None:
    cores = os.cpu_count() or 1
    if memory is not None and memory.bytes < SMALLEST_MEMORY:
        raise UsageError(
            f"No container can be held to {memory} of memory.", hint="Give at least 6m."
        )
    if cpus and not SMALLEST_SHARE <= cpus <= cores:
        raise UsageError(
            f"{cpus:g} is no number of the {cores} CPU cores of this host.",
            hint=f"Give from {SMALLEST_SHARE} to {cores}; 0 is no limit.",
        )
    if pids is not None and pids < 1:
        raise UsageError(f"No container can do with {pids} processes.", hint="Give 1 or more.")


def _job(
    platform: Platform, kind: str, app: AppName, arguments: dict[str, Any]
) -> Stream[Deployment]:
    platform.store.apps.get(app)
    return Deployment.of((yield from jobs.run(platform, kind, app, arguments)))


def _scales(platform: Platform, app: AppName) -> list[ProcessScale]:
    from dokkupy import plan

    formation = platform.store.formation.get(app)
    release = platform.store.releases.live(app)
    names = {process.name for process in release.processes} if release else set()
    return [
        ProcessScale(
            process=name,
            quantity=one.quantity,
            memory=one.memory,
            cpus=one.cpus,
            pids=one.pids,
        )
        for name in sorted({*formation, *names})
        for one in [plan.scale_of(name, formation)]
    ]
