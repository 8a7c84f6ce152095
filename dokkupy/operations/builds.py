"""Operations on the builds of an app, which are kept apart from what is deployed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from dokkupy.errors import UsageError
from dokkupy.images import ImageReference
from dokkupy.names import AppName
from dokkupy.operations.registry import Help, operation

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.types import BuildRecord, Feed, Line, Stream

NUMBER = Help("The build, as `builds list` numbers it")
FOLLOW_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSummary:
    """One build in a listing."""

    number: int
    state: str
    origin: str
    builder: str
    actor: str
    created_at: float
    """Seconds since the epoch (UTC)."""
    seconds: float
    """How long it took, or has taken so far, its wait for a place included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """One build, whole."""

    app: str
    number: int
    state: str
    error: str
    origin: str
    revision: str
    builder: str
    image: str
    processes: dict[str, str]
    """Process -> command line, empty for the image's own."""
    release_task: str
    releases: tuple[int, ...]
    """The releases that were made of it."""
    actor: str
    created_at: float
    finished_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """A build that is told to end."""

    app: str
    build: int

    def text(self) -> str:
        """Say it in one line."""
        return f"Build {self.build} of {self.app} is being cancelled."


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """A build that is forgotten, with its log and its image."""

    app: str
    build: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An image that a registry has."""

    app: str
    build: int
    reference: str
    digest: str
    """By which exactly this image can be named: NAME@DIGEST."""

    def text(self) -> str:
        """Say it in one line, with the command that goes on from here."""
        return (
            f"Build {self.build} of {self.app} is {self.reference} ({self.digest}).\n"
            f"Deploy it on another root: dokkupy deploy APP --image {self.reference}"
        )


@operation(
    summary="List the builds of an app, newest first",
    name="list",
    reads=True,
    default=True,
    empty="There are no builds. Build without deploying: dokkupy build APP",
)
def list_(platform: Platform, app: AppName) -> list[BuildSummary]:
    """List every build that is kept, the failed ones and the one under way too.

    Raises:
        NotFound: there is no such app.
    """
    platform.store.apps.get(app)
    return [
        BuildSummary(
            number=record.number,
            state=record.state,
            origin=record.origin,
            builder=record.builder,
            actor=record.actor,
            created_at=record.created_at,
            seconds=round((record.finished_at or time.time()) - record.created_at, 1),
        )
        for record in platform.store.builds.list(app)
    ]


@operation(summary="Show one build", reads=True)
def show(platform: Platform, app: AppName, number: Annotated[int, NUMBER]) -> BuildReport:
    """Show where a build came from, what came of it and which releases have it.

    Raises:
        NotFound: there is no such app, or build.
    """
    platform.store.apps.get(app)
    record = platform.store.builds.get(app, number)
    made = [one.number for one in platform.store.releases.list(app) if one.build == number]
    return BuildReport(
        app=app,
        number=record.number,
        state=record.state,
        error=record.error,
        origin=record.origin,
        revision=record.revision,
        builder=record.builder,
        image=record.image,
        processes={
            process.name: process.command[-1] if process.command else ""
            for process in record.processes
        },
        release_task=record.release_task[-1] if record.release_task else "",
        releases=tuple(sorted(made)),
        actor=record.actor,
        created_at=record.created_at,
        finished_at=record.finished_at,
    )


@operation(summary="Show what a build said", reads=True)
def log(
    platform: Platform,
    app: AppName,
    number: Annotated[int | None, Help("The build; the newest by default")] = None,
) -> Feed[Line]:
    """Give the lines of a build, and go on as long as it is under way.

    Raises:
        NotFound: there is no such app, or build.
    """
    from dokkupy import builds

    record = _chosen(platform, app, number)
    told = 0
    while True:
        # Asked before reading: what was said before the end is then not missed.
        over = platform.store.builds.get(app, record.number).finished_at > 0
        lines = list(builds.log(platform, app, record.number))
        yield from lines[told:]
        told = len(lines)
        if over:
            return
        time.sleep(FOLLOW_SECONDS)


@operation(summary="End a build that is under way")
def cancel(
    platform: Platform,
    app: AppName,
    number: Annotated[int | None, Help("The build; the newest by default")] = None,
) -> Cancelled:
    """Tell a build to end; what serves is not touched, and a push of it fails.

    Raises:
        NotFound: there is no such app, or build.
        Conflict: it is not under way.
    """
    from dokkupy import builds

    record = _chosen(platform, app, number)
    builds.cancel(platform, app, record.number)
    return Cancelled(app=app, build=record.number)


@operation(summary="Send the image of a build to a registry")
def push(
    platform: Platform,
    app: AppName,
    reference: Annotated[ImageReference, Help("The name that it gets: HOST/NAME:TAG")],
    *,
    build: Annotated[int | None, Help("The build; the newest that has an image by default")] = None,
) -> Stream[Sent]:
    """Send an image to the registry that its new name begins with, for other roots to run.

    Raises:
        NotFound: there is no such app, or build.
        Conflict: no image came of the build, or that is gone.
        Refused: the registry does not let this root in.
        EngineError: the registry does not answer.
    """
    from dokkupy import builds, jobs

    if "@" in reference:
        raise UsageError(
            "What is sent gets its digest from the registry.", hint="Give it a tag: HOST/NAME:TAG"
        )
    number = _chosen(platform, app, build, built=True).number
    builds.deployable(platform, app, number)
    arguments = {"number": number, "reference": reference}
    done: dict[str, str] = yield from jobs.run(platform, "publish", app, arguments)
    return Sent(app=app, build=number, reference=reference, digest=done["digest"])


@operation(summary="Forget old builds with their logs and images")
def prune(
    platform: Platform,
    app: AppName,
    *,
    keep: Annotated[int, Help("How many of the newest stay")] = 0,
) -> list[Pruned]:
    """Forget builds; an image stays as long as a release needs it.

    Raises:
        EngineError: the container engine does not answer.
        NotFound: there is no such app.
        UsageError: a number below 0.
        Locked: somebody is at work on the app.
    """
    from dokkupy import housekeeping
    from dokkupy.locks import try_app_lock

    platform.store.apps.get(app)
    if keep < 0:
        raise UsageError(f"{keep} builds cannot be kept.", hint="Give 0 or more.")
    with try_app_lock(platform.paths, app, what="builds prune", actor=platform.actor):
        found = list(housekeeping.old_builds(platform, app, keep))
        for waste in found:
            housekeeping.remove(platform, waste)
    return [Pruned(app=app, build=waste.number) for waste in found]


def _chosen(
    platform: Platform, app: AppName, number: int | None, *, built: bool = False
) -> BuildRecord:
    from dokkupy.errors import NotFound
    from dokkupy.types import BuildState

    platform.store.apps.get(app)
    if number is not None:
        return platform.store.builds.get(app, number)
    for record in platform.store.builds.list(app):
        if record.state == BuildState.BUILT or not built:
            return record
    raise NotFound(
        f"Nothing of {app} was built yet.", hint=f"Build without deploying: dokkupy build {app}"
    )
