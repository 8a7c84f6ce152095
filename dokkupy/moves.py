"""An app's move to another name: one write decides it, the rest follows from what the store says.

Containers cannot be labelled anew, so those that run keep the old name until they are replaced;
the store's rows say whose they are.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from dokkupy import git
from dokkupy.errors import ImageNotFound
from dokkupy.locks import app_lock
from dokkupy.names import AppName
from dokkupy.scheduler_docker import image_repository

if TYPE_CHECKING:
    from dokkupy.platform import Platform

_NOUN: Final = "dokkupy"
_KEY: Final = "renamed-from"


def begin(platform: Platform, app: AppName, new: AppName) -> None:
    """Move everything in the store, and note that the rest must follow.

    Raises:
        Conflict: there is an app of the new name.
    """
    with platform.store.write():
        platform.store.apps.rename(app, new)
        platform.store.documents.set(new, _NOUN, _KEY, app)


def take_back(platform: Platform, app: AppName, new: AppName) -> None:
    """Undo `begin` with the same arguments, before anything followed."""
    with platform.store.write():
        platform.store.documents.unset(new, _NOUN, _KEY)
        platform.store.apps.rename(new, app)


def unfinished(platform: Platform) -> dict[AppName, AppName]:
    """Return new name -> old name of the moves of which something is left to do."""
    noted = platform.store.documents.all(_NOUN, _KEY)
    return {AppName(new): AppName(old) for new, old in noted.items()}


def is_unfinished(platform: Platform, app: AppName) -> bool:
    """Say whether something is left to do of the move that gave an app its name."""
    return platform.store.documents.get(app, _NOUN, _KEY) is not None


def finish(platform: Platform, app: AppName) -> None:
    """Let repository, image tags and kept logs follow an app to its new name; needs its lock.

    It can be cut short and begun again.
    """
    noted = platform.store.documents.get(app, _NOUN, _KEY)
    if noted is None:
        return
    old = AppName(noted)
    git.move_repo(platform.paths, old, app)
    _move_logs(platform, old, app)
    _move_tags(platform, old, app)
    platform.hooks.app_renamed(app=app, before=old)
    platform.store.documents.unset(app, _NOUN, _KEY)


def settle(platform: Platform, name: AppName) -> None:
    """Finish the move of an app that had this name before, lest the next one gets its things."""
    for app, old in unfinished(platform).items():
        if old == name:
            with app_lock(platform.paths, app, what="rename", actor=platform.actor):
                finish(platform, app)


def _move_logs(platform: Platform, old: AppName, app: AppName) -> None:
    for folder in (platform.paths.failed_logs, platform.paths.build_logs):
        if (folder / old).exists():
            shutil.rmtree(folder / app, ignore_errors=True)
            (folder / old).rename(folder / app)


def _move_tags(platform: Platform, old: AppName, app: AppName) -> None:
    store = platform.store
    before, now = (image_repository(platform.root_id, name) for name in (old, app))
    tags = [f"release-{one.number}" for one in store.releases.tagged(app)]
    tags += [f"build-{one.number}" for one in store.builds.list(app) if one.image]
    for tag in tags:
        try:
            platform.engine.tag(f"{before}:{tag}", f"{now}:{tag}")
        except ImageNotFound:  # moved before this was cut short, or never given
            continue
        platform.engine.remove_image(f"{before}:{tag}")
