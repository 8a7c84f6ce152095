"""Operations on the ledger of releases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dokkupy.names import AppName
from dokkupy.operations.registry import operation

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.types import ProcessType, Release


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSummary:
    """One release in a listing."""

    number: int
    state: str
    description: str
    revision: str
    actor: str
    created_at: float
    """Seconds since the epoch (UTC)."""
    image: Literal["kept", "gone"]
    """Only to a release whose image is kept can be rolled back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """One step of a release's way and how long it took."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseReport:
    """One release, whole; of its environment only the keys."""

    app: str
    number: int
    state: str
    error: str
    description: str
    revision: str
    builder: str
    image: str
    image_gone: bool
    actor: str
    created_at: float
    processes: dict[str, str]
    """Process -> command line, empty for the image's own."""
    release_task: str
    env_keys: tuple[str, ...]
    steps: tuple[StepTime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that two releases do not share."""

    what: str
    """`image`, `revision`, `process web`, `env KEY` …"""
    before: str
    after: str
    """Values of the environment are not shown, only that they differ."""


@operation(
    summary="List the releases of an app, newest first",
    name="list",
    reads=True,
    default=True,
    empty="Never deployed. Push it: dokkupy git remote APP",
)
def list_(platform: Platform, app: AppName) -> list[ReleaseSummary]:
    """List every release of an app, the failed ones too."""
    platform.store.apps.get(app)
    return [
        ReleaseSummary(
            number=release.number,
            state=release.state,
            description=release.description,
            revision=release.revision[:12],
            actor=release.actor,
            created_at=release.created_at,
            image="gone" if release.image_gone else "kept",
        )
        for release in platform.store.releases.list(app)
    ]


@operation(summary="Show one release", reads=True)
def show(platform: Platform, app: AppName, number: int) -> ReleaseReport:
    """Show what a release is made of and how long each step of its way took."""
    platform.store.apps.get(app)
    release = platform.store.releases.get(app, number)
    steps = platform.store.releases.steps(app, number)
    return ReleaseReport(
        app=app,
        number=release.number,
        state=release.state,
        error=release.error,
        description=release.description,
        revision=release.revision,
        builder=release.builder,
        image=release.image,
        image_gone=release.image_gone,
        actor=release.actor,
        created_at=release.created_at,
        processes={process.name: _line(process) for process in release.processes},
        release_task=release.release_task[-1] if release.release_task else "",
        env_keys=tuple(sorted(release.env)),
        steps=tuple(StepTime(name=s.name, seconds=round(s.seconds, 3)) for s in steps),
    )


@operation(summary="Compare two releases", reads=True, empty="They do not differ.")
def diff(platform: Platform, app: AppName, before: int, after: int) -> list[Difference]:
    """List what changed from one release to another; env values are never shown."""
    platform.store.apps.get(app)
    old = platform.store.releases.get(app, before)
    new = platform.store.releases.get(app, after)
    plain = [("image", old.image, new.image), ("revision", old.revision, new.revision)]
    rows = [*plain, *_processes(old, new), *_env(old, new)]
    return [Difference(what=what, before=a, after=b) for what, a, b in rows if a != b]


def _processes(old: Release, new: Release) -> list[tuple[str, str, str]]:
    before = {process.name: _line(process) or "(the image's)" for process in old.processes}
    after = {process.name: _line(process) or "(the image's)" for process in new.processes}
    names = sorted({*before, *after})
    return [(f"process {name}", before.get(name, ""), after.get(name, "")) for name in names]


def _env(old: Release, new: Release) -> list[tuple[str, str, str]]:
    rows = []
    for key in sorted({*old.env, *new.env}):
        if old.env.get(key) != new.env.get(key):
            before = "set" if key in old.env else ""
            after = "" if key not in new.env else "changed" if before else "set"
            rows.append((f"env {key}", before, after))
    return rows


def _line(process: ProcessType) -> str:
    return process.command[-1] if process.command else ""
