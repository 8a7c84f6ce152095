"""What redis has besides the operations of every service, or does in a way of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from dokkupy.operations.registry import Help, operation
from dokkupy.services.addresses import ImageName
from dokkupy.services.asking import ask, shown
from dokkupy.services.name import ServiceName
from dokkupy.services.showing import ServiceInfo
from dokkupy.sizes import MemorySize
from dokkupy.types import Stream

if TYPE_CHECKING:
    from dokkupy.platform import Platform

USUAL_SIZE = MemorySize("100m")
Mode = Literal["persistent", "cache"]
Size = Annotated[MemorySize, Help("Most that a cache holds")]


@operation(summary="Make a service")
def create(
    platform: Platform,
    service: ServiceName,
    *,
    mode: Annotated[Mode, Help("Keep everything, or be a cache")] = "persistent",
    size: Size = USUAL_SIZE,
    image: Annotated[
        ImageName | None, Help("Image with its version; the usual one by default")
    ] = None,
    memory: Annotated[MemorySize | None, Help("Most memory that it may take")] = None,
    cpus: Annotated[float, Help("Most processor cores that it may take")] = 0.0,
) -> Stream[ServiceInfo]:
    """Start a server that loses nothing or is a cache, and wait until it answers.

    Nobody reaches it until an app is linked to it. `mode` changes it later.

    Raises:
        Conflict: there is one of that name.
        ImageNotFound: its image cannot be had.
    """
    given = {
        "image": image or "",
        "memory": memory.bytes if memory else 0,
        "cpus": cpus,
        "settings": _settings(mode, size),
    }
    yield from ask(platform, "redis", service, "create", given)
    return shown(platform, "redis", service)


@operation(summary="Keep everything, or be a cache")
def mode(
    platform: Platform,
    service: ServiceName,
    mode: Mode,
    *,
    size: Size = USUAL_SIZE,
) -> Stream[ServiceInfo]:
    """Choose whether a service loses nothing, or keeps to its size and writes nothing down.

    It is restarted; as a cache it is empty then.

    Raises:
        NotFound: there is no service of that name.
    """
    given = {"settings": _settings(mode, size)}
    yield from ask(platform, "redis", service, "configure", given)
    return shown(platform, "redis", service)


def _settings(mode: Mode, size: MemorySize) -> dict[str, str]:
    """Return what is kept of a choice; the size of what is no cache is nothing to keep."""
    return {"mode": mode, "size": str(size) if mode == "cache" else ""}
