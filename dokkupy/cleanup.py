"""A look at the whole root for what can go, and its removal when somebody wants it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dokkupy import builds, housekeeping, moves, oneoffs, recovery
from dokkupy.errors import Locked
from dokkupy.housekeeping import Waste
from dokkupy.locks import app_lock, try_app_lock
from dokkupy.names import AppName
from dokkupy.report import Report
from dokkupy.scheduler_docker import APP, PURPOSE, ROOT, image_repository
from dokkupy.services.containers import SERVICE

if TYPE_CHECKING:
    from dokkupy.engine import ImageInfo
    from dokkupy.platform import Platform
    from dokkupy.types import Line


def survey(platform: Platform) -> tuple[list[Waste], list[AppName]]:
    """Return what can go, with its size, and the apps that are busy and were not looked at.

    Nothing of another root, and nothing that the engine has of others, is ever among it.
    """
    found: list[Waste] = []
    busy: list[AppName] = []
    images = platform.engine.images({ROOT: platform.root_id})
    for app in platform.store.apps.list():
        try:
            with try_app_lock(platform.paths, app.name, what="cleanup", actor=platform.actor):
                found += _of_app(platform, app.name, images)
        except Locked:
            busy.append(app.name)
    found += _of_nobody(platform, images)
    return _measured(platform, found, images), busy


def clean(platform: Platform, send: Callable[[Line], None]) -> list[dict[str, Any]]:
    """Remove what can go, app by app, waiting for those that are busy; return it with its size."""
    report = Report(send)
    planned, _ = survey(platform)
    done: list[Waste] = []
    sizes = {waste.reference: waste.bytes for waste in planned}
    for app in platform.store.apps.list():
        with app_lock(
            platform.paths,
            app.name,
            what="cleanup",
            actor=platform.actor,
            on_wait=lambda holder, name=app.name: report.progress(  # type: ignore[misc]
                f"Waiting: {name} is busy with {holder}"
            ),
        ):
            if platform.store.apps.exists(app.name):
                recovery.recover(platform, app.name, report)
                images = platform.engine.images({ROOT: platform.root_id})
                done += _removed(platform, _of_app(platform, app.name, images))
    images = platform.engine.images({ROOT: platform.root_id})
    done += _removed(platform, _of_nobody(platform, images))
    keep = platform.properties.get("housekeeping", "", "events")
    platform.store.events.trim(keep)
    return [
        {
            "kind": one.kind,
            "app": one.app,
            "what": one.what,
            "bytes": sizes.get(one.reference, one.bytes),
        }
        for one in done
    ]


def _removed(platform: Platform, found: Collection[Waste]) -> Collection[Waste]:
    for waste in found:
        housekeeping.remove(platform, waste)
    return found


def _of_app(platform: Platform, app: AppName, images: Collection[ImageInfo]) -> list[Waste]:
    """Return everything of an app that can go, what a dead runner left too; needs its lock."""
    found = housekeeping.of_app(platform, app)
    known = {waste.reference for waste in found} | {
        f"{image_repository(platform.root_id, app)}:release-{release.number}"
        for release in platform.store.releases.tagged(app)
    }
    known |= {
        builds.tag_of(platform, app, record.number) for record in platform.store.builds.list(app)
    }
    found += [
        Waste(kind="image", app=app, what="an image of no release", reference=tag)
        for owner, tag in _tags(platform, images)
        if owner == app and tag not in known
    ]
    claimed = {instance.reference for instance in platform.store.instances.list()}
    found += [
        Waste(kind="container", app=app, what=f"container {info.name}", reference=info.id)
        for info in platform.engine.containers({ROOT: platform.root_id, APP: app})
        if info.labels.get(PURPOSE) != "run" and info.id not in claimed
    ]
    return found


def _of_nobody(platform: Platform, images: Collection[ImageInfo]) -> list[Waste]:
    """Return what apps have left that are gone, commands whose time is over, and full caches.

    What there is was listed before the apps are, so that nothing of a new app is among it.
    """
    found = [
        Waste(kind="container", app=one.app, what=f"command {one.name}", reference=one.reference)
        for one in oneoffs.over(platform)
    ]
    everything = platform.engine.containers({ROOT: platform.root_id})
    # Services look after their own, under their own locks.
    containers = [info for info in everything if SERVICE not in info.labels]
    apps = {str(app.name) for app in platform.store.apps.list()}
    apps |= set(moves.unfinished(platform).values())
    claimed = {instance.reference for instance in platform.store.instances.list()}
    claimed |= {waste.reference for waste in found}
    found += [
        Waste(
            kind="container",
            app=info.labels.get(APP, ""),
            what=f"container {info.name}",
            reference=info.id,
        )
        for info in containers
        if info.labels.get(APP) not in apps and info.id not in claimed
    ]
    owned = [*_tags(platform, images)]
    owned += [(image.labels.get(APP, ""), image.id) for image in images if not image.tags]
    found += [
        Waste(kind="image", app=owner, what="an image of an app that is gone", reference=name)
        for owner, name in owned
        if owner not in apps
    ]
    found += [
        Waste(
            kind="log",
            app=file.parent.name,
            what=file.name,
            reference=str(file),
            bytes=file.stat().st_size,
        )
        for folder in (platform.paths.failed_logs, platform.paths.build_logs)
        for file in folder.glob("*/*.log")
        if file.parent.name not in apps
    ]
    found += housekeeping.old_submodules(platform)
    found += housekeeping.old_build_cache(platform)
    return found


def _tags(platform: Platform, images: Collection[ImageInfo]) -> Iterator[tuple[str, str]]:
    """Yield app and tag for every image tag that this root has given."""
    prefix = image_repository(platform.root_id, AppName(""))
    for image in images:
        for tag in image.tags:
            if tag.startswith(prefix):
                yield tag.removeprefix(prefix).partition(":")[0], tag


def _measured(
    platform: Platform, found: Collection[Waste], images: Collection[ImageInfo]
) -> list[Waste]:
    """Return the same with the sizes of the images that go with their last name."""
    doomed = {waste.reference for waste in found if waste.kind in ("image", "build")}
    last = {
        (image.tags or (image.id,))[-1]: image.id
        for image in images
        if doomed.issuperset(image.tags or (image.id,))
    }
    if not last:
        return list(found)
    sizes = platform.engine.own_sizes()
    return [
        replace(waste, bytes=sizes.get(last[waste.reference], 0))
        if waste.reference in last
        else waste
        for waste in found
    ]
