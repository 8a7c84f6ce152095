"""The operations of the noun `stack`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from dokkupy import Help, operation
from dokkupy.errors import ImageNotFound
from dokkupy.types import Stream
from dokkupy_stack.stacks import STACKS, Stack, StackName, stack_named
from dokkupy_stack.stream import stream

if TYPE_CHECKING:
    from dokkupy import Platform
    from dokkupy.engine import ImageInfo
    from dokkupy_stack.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRow:
    """A stack and whether the engine has its image."""

    name: str
    image: str
    """What a Dockerfile writes after FROM."""
    state: Literal["ready", "outdated", "missing"]
    """`outdated`: made before the machine's settings or the recipe changed."""
    version: str
    """Of the image that is there; empty when there is none."""
    megabytes: int
    """0 when there is no image."""
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StackDetails:
    """What a stack's image is made of; the names of what it takes from the machine, no values."""

    name: str
    images: tuple[str, ...]
    version: str
    """That it would have if it were made now."""
    packages: tuple[str, ...]
    files: tuple[str, ...]
    """What is taken over from this machine."""
    dockerfile: str


@operation(summary="List the base images for builds", name="list", reads=True)
def list_(platform: Platform) -> list[StackRow]:
    """Show every stack and whether its image is there.

    A build whose Dockerfile starts from a missing one makes it first.

    Raises:
        EngineError: the container engine, which has the images, does not answer.
    """
    wanted = _recipes(platform)
    return [_row(stack, _image(platform, stack), wanted) for stack in STACKS.values()]


@operation(summary="Make base images available")
def ensure(
    platform: Platform,
    names: Annotated[list[StackName] | None, Help("Stacks; all of them when none is named")] = None,
    *,
    fresh: Annotated[bool, Help("Make them anew with today's package versions")] = False,
) -> Stream[list[StackRow]]:
    """Pull or bootstrap what is missing, and make anew what the machine's settings outdated.

    An image that is there and up to date costs nothing. Apps that are deployed keep the image
    they were built on until their next build.
    """
    from dokkupy_stack.provider import Provider

    stacks = [stack_named(name) for name in names] if names else list(STACKS.values())
    engine = platform.engine

    def work(on_line: Callable[[str], None]) -> dict[StackName, Recipe]:
        provider = Provider.here(engine, on_line)
        if fresh:
            provider.renew()
        return {stack.name: provider.ensure(stack) for stack in stacks}

    made = yield from stream(work)
    return [_row(stack, _image(platform, stack), made) for stack in stacks]


@operation(summary="Show what a base image is made of", reads=True)
def show(platform: Platform, name: StackName) -> StackDetails:
    """Show the recipe of one stack with what it takes over from this machine.

    Raises:
        NotFound: there is no such stack.
        EngineError: the container engine, which has the images, does not answer.
    """
    stack = stack_named(name)
    recipe = _recipes(platform)[stack.name]
    return StackDetails(
        name=stack.name,
        images=stack.tags,
        version=recipe.version,
        packages=stack.packages,
        files=tuple(sorted(recipe.files)),
        dockerfile=recipe.dockerfile,
    )


def _recipes(platform: Platform) -> dict[StackName, Recipe]:
    """Return how each stack would be made now."""
    from dokkupy_stack.foundation import foundation_reference
    from dokkupy_stack.recipe import recipes_for
    from dokkupy_stack.settings import MachineSettings

    settings = MachineSettings.read()
    reference = foundation_reference(settings.codename)
    try:
        foundation = platform.engine.image(reference).id
    except ImageNotFound:
        foundation = ""
    return {
        stack.name: recipes_for(stack, reference, settings, foundation=foundation)[-1]
        for stack in STACKS.values()
    }


def _image(platform: Platform, stack: Stack) -> ImageInfo | None:
    try:
        return platform.engine.image(stack.tags[0])
    except ImageNotFound:
        return None


def _row(stack: Stack, image: ImageInfo | None, wanted: dict[StackName, Recipe]) -> StackRow:
    from dokkupy_stack.recipe import LABEL_VERSION

    version = image.labels.get(LABEL_VERSION, "") if image else ""
    state: Literal["ready", "outdated", "missing"] = "missing"
    if image is not None:
        state = "ready" if version == wanted[stack.name].version else "outdated"
    return StackRow(
        name=stack.name,
        image=stack.tags[1],
        state=state,
        version=version,
        megabytes=image.size // 1_000_000 if image else 0,
        summary=stack.summary,
    )
