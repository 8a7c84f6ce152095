"""What builds of an app keep for the next one: a volume, and images of what they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dokkupy_buildpacks.assembly import APP, ROOT, Assembly
from dokkupy_buildpacks.container import volume_of

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform


def clear(platform: Platform, app: AppName) -> None:
    """Remove the cache of an app; its next build is like its first.

    Raises:
        Conflict: a build is using it.
    """
    owner = {ROOT: platform.root_id, APP: str(app)}
    platform.engine.remove_volume(volume_of(owner))
    Assembly(platform.engine, owner, "").forget()
