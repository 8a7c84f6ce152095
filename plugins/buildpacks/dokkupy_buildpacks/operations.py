"""The operations `buildpacks …`: what builds an app, and on what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from dokkupy import Help, operation
from dokkupy.errors import NotFound, UsageError
from dokkupy.names import AppName
from dokkupy.remote import is_far
from dokkupy_buildpacks.references import Buildpack, BuildpackList
from dokkupy_buildpacks.stack import KEY, NOUN, StackName

if TYPE_CHECKING:
    from dokkupy.platform import Platform

_LIST = "buildpacks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One buildpack of an app."""

    index: int
    """Its place in the order in which they run, from 1 on."""
    buildpack: str


@operation(
    summary="List the buildpacks of an app",
    name="list",
    reads=True,
    default=True,
    empty="No buildpacks are set: the source decides. Add one: dokkupy buildpacks add APP URL",
)
def list_(platform: Platform, app: AppName) -> list[Row]:
    """List the buildpacks that are set for an app, in the order in which they run."""
    return _rows(_packs(platform, app))


@operation(summary="Add a buildpack to an app")
def add(
    platform: Platform,
    app: AppName,
    buildpack: Annotated[Buildpack, Help("python, node, a git URL with #REF, or a .tgz's URL")],
    *,
    index: Annotated[int | None, Help("Its place, from 1 on; without it, the last")] = None,
) -> list[Row]:
    """Add a buildpack; the next build runs all of them, one after the other.

    With buildpacks set, the source is not asked any more which it wants.

    Raises:
        Refused: it is a folder of the server, and who asks is not there.
    """

    def change(packs: list[Buildpack]) -> None:
        if buildpack in packs:
            raise UsageError(
                f"{app} has the buildpack {buildpack.short} already.",
                hint=f"dokkupy buildpacks list {app}",
            )
        place = len(packs) if index is None else _place(index, len(packs) + 1)
        packs.insert(place, buildpack)

    return _change(platform, app, buildpack, change)


@operation(summary="Replace a buildpack of an app")
def set_(
    platform: Platform,
    app: AppName,
    buildpack: Annotated[Buildpack, Help("python, node, a git URL with #REF, or a .tgz's URL")],
    *,
    index: Annotated[int, Help("The place of the one to replace, from 1 on")] = 1,
) -> list[Row]:
    """Put a buildpack into the place of another one, or into the first that is free.

    Raises:
        Refused: it is a folder of the server, and who asks is not there.
    """

    def change(packs: list[Buildpack]) -> None:
        place = _place(index, len(packs) + 1)
        packs[place : place + 1] = [buildpack]

    return _change(platform, app, buildpack, change)


@operation(summary="Remove a buildpack from an app")
def remove(
    platform: Platform,
    app: AppName,
    buildpack: Annotated[Buildpack | None, Help("As `buildpacks list` shows it")] = None,
    *,
    index: Annotated[int | None, Help("Its place instead, from 1 on")] = None,
) -> list[Row]:
    """Remove a buildpack by name or by place.

    Raises:
        NotFound: the app has no such buildpack.
    """
    if (buildpack is None) == (index is None):
        raise UsageError("Say which one.", hint=f"dokkupy buildpacks remove {app} --index 1")

    def change(packs: list[Buildpack]) -> None:
        if index is not None:
            del packs[_place(index, len(packs))]
        elif buildpack in packs:
            packs.remove(buildpack)
        else:
            raise NotFound(
                f"{app} has no buildpack {buildpack}.", hint=f"dokkupy buildpacks list {app}"
            )

    return _change(platform, app, None, change)


@operation(summary="Remove all buildpacks from an app")
def clear(platform: Platform, app: AppName) -> None:
    """Let the source decide again what builds it."""
    platform.store.apps.get(app)
    platform.properties.unset(NOUN, app, _LIST)


@operation(summary="Empty the build cache of an app")
def cache_clear(platform: Platform, app: AppName) -> None:
    """Remove what builds of an app have kept, so that the next one is like the first.

    Raises:
        Conflict: a build is using it.
        EngineError: the container engine failed or does not answer.
    """
    from dokkupy_buildpacks import cache

    platform.store.apps.get(app)
    cache.clear(platform, app)


@operation(summary="Move an app to another stack")
def set_stack(platform: Platform, app: AppName, stack: StackName) -> None:
    """Build the app on another stack from its next build on.

    An app stays on the stack of its first build until this is said; releases that are there
    keep what they were built on. The next build begins with an empty cache.

    Raises:
        NotFound: there is no such stack.
        ImageNotFound: one of its two images is not here and cannot be made.
        BuildFailed: one of them could not be made.
        EngineError: the container engine failed or does not answer.
    """
    platform.store.apps.get(app)
    for image in (f"dokkupy/build:{stack}", f"dokkupy/run:{stack}"):
        _require(platform, image)
    platform.properties.set(NOUN, app, KEY, stack)


def _require(platform: Platform, image: str) -> None:
    from dokkupy.errors import ImageNotFound

    try:
        platform.engine.image(image)
    except ImageNotFound:
        platform.hooks.provide_image(reference=image, on_line=lambda _: None)
        platform.engine.image(image)


def _packs(platform: Platform, app: AppName) -> list[Buildpack]:
    platform.store.apps.get(app)
    return BuildpackList(platform.properties.get(NOUN, app, _LIST) or "").packs


def _change(
    platform: Platform,
    app: AppName,
    new: Buildpack | None,
    change: Callable[[list[Buildpack]], None],
) -> list[Row]:
    if new is not None and is_far():
        new.refuse_from_afar()
    with platform.store.write():
        packs = _packs(platform, app)
        change(packs)
        if packs:
            platform.properties.set(NOUN, app, _LIST, " ".join(packs))
        else:
            platform.properties.unset(NOUN, app, _LIST)
    return _rows(packs)


def _place(index: int, most: int) -> int:
    if not 1 <= index <= most:
        raise UsageError(f"There is no place {index}.", hint=f"Use 1 to {max(most, 1)}.")
    return index - 1


def _rows(packs: list[Buildpack]) -> list[Row]:
    return [Row(index=number, buildpack=pack.short) for number, pack in enumerate(packs, 1)]
