"""What nothing needs any more of an app, and its removal after each piece of work on it.

What stays is bounded: the images of the newest releases that had the traffic, the newest failed
build as cache for the next one, the logs of the last failed deploys, the newest events, the
repositories of submodules and BuildKit's cache.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from dokkupy import builds, oneoffs, recovery
from dokkupy.engine import STAGE
from dokkupy.errors import Conflict, DokkupyError
from dokkupy.names import AppName
from dokkupy.scheduler_docker import APP, ROOT, image_repository
from dokkupy.submodule_cache import SubmoduleCache
from dokkupy.types import Release, ReleaseState

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.report import Report

BUILD: Final = "build"
"""The step of a report that tells of a build."""
KEPT_STAGES: Final = 5
"""How many images of the earlier stages of builds are kept, as a cache for the next one."""
TRIM_EVERY_SECONDS: Final = 3600.0
"""How often a build is followed by a look at BuildKit's cache."""
TRIMMED: Final = "build_cache_trimmed"
"""When that was last: seconds since the epoch, in the root's own facts."""
BUILD_CACHE: Final = "buildkit"
"""What refers to that cache, of which there is one."""
_SERVED: Final = (ReleaseState.LIVE, ReleaseState.SUPERSEDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waste:
    """One thing that can go."""

    kind: Literal["image", "build", "log", "container", "cache"]
    app: str
    """Whose it was; that app may be gone. Empty when it is of no app alone."""
    what: str
    """As a person would name it: `release 3`, `a failed build`."""
    reference: str
    """Tag or id of an image, path of a file or cache, id of a container."""
    number: int = 0
    """Number of the release whose image it is, or of the build."""
    bytes: int = 0
    """What a file or a cache takes."""


def tidy(platform: Platform, app: AppName, report: Report, *, failed: bool = False) -> None:
    """Remove what the work that has just ended made superfluous; needs the app's lock.

    After a deploy that `failed` its build is kept, so that the next one need not begin anew.
    What cannot be removed now is told, and left to the next time.
    """
    built = any(step == BUILD for step, _ in report.steps)
    try:
        found = [
            *old_releases(platform, app),
            *old_builds(platform, app),
            *old_logs(platform, app),
        ]
        # To list images takes the engine a while, the longer the more it has.
        if built:
            found += leftovers(platform, app, keep_newest=failed)
            found += old_submodules(platform)
        for waste in found:
            remove(platform, waste)
        oneoffs.sweep(platform)
        platform.store.events.trim(platform.properties.get("housekeeping", "", "events"))
        if built:
            _trim_build_cache(platform)
    except (DokkupyError, OSError) as error:
        why = error.message if isinstance(error, DokkupyError) else f"{error}."
        report.warning(f"Not everything could be tidied up: {why}")


def of_app(platform: Platform, app: AppName) -> list[Waste]:
    """Return what can go of an app; certain only under its lock."""
    return [
        *old_releases(platform, app),
        *old_builds(platform, app),
        *leftovers(platform, app),
        *old_logs(platform, app),
    ]


def old_releases(platform: Platform, app: AppName) -> Iterator[Waste]:
    """Yield the image tags of releases that nobody can, or will, roll back to."""
    tagged = platform.store.releases.tagged(app)
    kept = {release.number for release in _kept(platform, app, tagged)}
    repository = image_repository(platform.root_id, app)
    for release in tagged:
        if release.number not in kept:
            yield Waste(
                kind="image",
                app=app,
                what=f"release {release.number}",
                reference=f"{repository}:release-{release.number}",
                number=release.number,
            )


def old_builds(platform: Platform, app: AppName, keep: int | None = None) -> Iterator[Waste]:
    """Yield the builds beyond the newest; of those, as many that failed are kept as succeeded."""
    left = platform.properties.get("builds", app, "keep") if keep is None else keep
    kept = {True: 0, False: 0}
    for record in platform.store.builds.list(app):
        if not record.finished_at:
            continue
        built = bool(record.image)
        kept[built] += 1
        if kept[built] > left:
            yield Waste(
                kind="build",
                app=app,
                what=f"build {record.number}",
                reference=builds.tag_of(platform, app, record.number),
                number=record.number,
            )


def _kept(platform: Platform, app: AppName, tagged: list[Release]) -> Iterator[Release]:
    """Yield the releases, newest first, whose images stay."""
    left = platform.properties.get("releases", app, "keep")
    for release in tagged:
        if release.state in _SERVED:
            if left > 0 or release.state is ReleaseState.LIVE:
                yield release
            left -= 1
        elif release is tagged[0] or release.state is ReleaseState.PENDING:
            yield release


def leftovers(platform: Platform, app: AppName, *, keep_newest: bool = False) -> Iterator[Waste]:
    """Yield what builds have left besides the images of releases, but the newest if it is kept."""
    images = platform.engine.images({ROOT: platform.root_id, APP: app})
    newest = sorted(images, key=lambda image: image.created_at, reverse=True)
    left = [image for image in newest if not image.tags]
    stages = [image for image in left if image.labels.get(STAGE)]
    builds = [image for image in left if image not in stages]
    for image in builds[1 if keep_newest else 0 :]:
        yield Waste(kind="image", app=app, what="a failed build", reference=image.id)
    for image in stages[KEPT_STAGES:]:
        yield Waste(kind="image", app=app, what="a stage of an old build", reference=image.id)


def old_logs(platform: Platform, app: AppName) -> Iterator[Waste]:
    """Yield the logs of failed deploys but the last few."""
    by_release: dict[int, list[Path]] = {}
    for file in recovery.failed_logs(platform, app).glob("release-*.log"):
        release = file.name.split("-")[1]
        if release.isdigit():
            by_release.setdefault(int(release), []).append(file)
    keep = platform.properties.get("housekeeping", app, "failed-deploys")
    for number in sorted(by_release)[:-keep]:
        for file in by_release[number]:
            yield Waste(
                kind="log",
                app=app,
                what=file.name,
                reference=str(file),
                bytes=file.stat().st_size,
            )


def old_submodules(platform: Platform) -> Iterator[Waste]:
    """Yield the repositories of submodules beyond the room for them, the longest unused first."""
    limit = platform.properties.get("housekeeping", "", "submodules").bytes
    for kept in SubmoduleCache(platform.paths.submodules).beyond(limit):
        yield Waste(
            kind="cache",
            app="",
            what=f"the submodule {kept.url}",
            reference=str(kept.path),
            bytes=kept.bytes,
        )


def old_build_cache(platform: Platform) -> Iterator[Waste]:
    """Yield what BuildKit keeps beyond the room for it, as one thing."""
    limit = platform.properties.get("housekeeping", "", "build-cache").bytes
    beyond = platform.engine.build_cache() - limit
    if beyond > 0:
        yield Waste(
            kind="cache",
            app="",
            what="what BuildKit has not used for longest",
            reference=BUILD_CACHE,
            bytes=beyond,
        )


def _trim_build_cache(platform: Platform) -> None:
    """Bound BuildKit's cache; not at each build, since the engine looks through all of it."""
    meta, now = platform.store.meta, time.time()
    if now - float(meta.get(TRIMMED, "0")) >= TRIM_EVERY_SECONDS:
        meta.set(TRIMMED, str(now))
        limit = platform.properties.get("housekeeping", "", "build-cache").bytes
        platform.engine.trim_build_cache(limit)


def remove(platform: Platform, waste: Waste) -> None:
    """Remove one thing; what is gone already is fine, and what is in use stays."""
    if waste.reference == BUILD_CACHE:
        limit = platform.properties.get("housekeeping", "", "build-cache").bytes
        platform.engine.trim_build_cache(limit)
    elif waste.kind == "cache":
        SubmoduleCache(platform.paths.submodules).remove(Path(waste.reference))
    elif waste.kind == "log":
        Path(waste.reference).unlink(missing_ok=True)
    elif waste.kind == "build":
        builds.remove(platform, platform.store.builds.get(AppName(waste.app), waste.number))
    elif waste.kind == "container":
        platform.scheduler.retire(waste.reference, 0)
    else:
        with suppress(Conflict):
            platform.engine.remove_image(waste.reference)
            if waste.number:
                platform.store.releases.set_pruned(AppName(waste.app), waste.number)
