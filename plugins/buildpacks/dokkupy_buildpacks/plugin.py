"""What buildpacks adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dokkupy import hookimpl
from dokkupy.types import Property, PropertyGroup

if TYPE_CHECKING:
    from dokkupy.builder import Builder
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.types import Build

PLUGIN_API = ">=1,<2"


@hookimpl
def register_operations() -> Mapping[str, str]:
    """Add the noun `buildpacks`."""
    return {"buildpacks": "dokkupy_buildpacks.operations"}


@hookimpl
def register_properties() -> PropertyGroup:
    """Declare what builds an app, on which stack, and what its builds may take."""
    from dokkupy.sizes import MemorySize
    from dokkupy_buildpacks.references import BuildpackList
    from dokkupy_buildpacks.stack import StackName

    return PropertyGroup(
        noun="builder-buildpacks",
        properties=(
            Property(
                name="buildpacks",
                type=BuildpackList,
                scopes="app",
                help="Buildpacks in their order, separated by spaces; none: what the source says",
            ),
            Property(
                name="stack",
                type=StackName,
                scopes="app",
                help="Stack that the app is built on; none: the newest at its next build",
            ),
            Property(
                name="build-memory",
                type=MemorySize,
                help="Most memory that a build may take (512m, 2g); none: the server's limit",
            ),
            Property(
                name="build-timeout",
                type=int,
                pattern="[1-9][0-9]{0,5}",
                default=3600,
                help="Seconds after which a build is stopped",
            ),
        ),
    )


@hookimpl
def register_builders() -> Sequence[Builder]:
    """Give the builder."""
    from dokkupy_buildpacks.builder import BuildpacksBuilder

    return [BuildpacksBuilder()]


@hookimpl
def post_build(platform: Platform, build: Build) -> None:
    """Note the stack of an app's first build: it stays there until somebody moves it."""
    from dokkupy_buildpacks.builder import NAME
    from dokkupy_buildpacks.stack import note

    if build.builder == NAME:
        note(platform, build)


@hookimpl
def app_destroyed(platform: Platform, app: AppName) -> None:
    """Remove the cache of an app that is gone."""
    from dokkupy_buildpacks.cache import clear

    clear(platform, app)


@hookimpl
def app_renamed(platform: Platform, before: AppName) -> None:
    """Remove the cache that a renamed app has under its old name."""
    from dokkupy_buildpacks.cache import clear

    clear(platform, before)
