"""What redis has besides the operations of every service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from dokkupy.operations.registry import Help, operation
from dokkupy.services.asking import ask, shown
from dokkupy.services.name import ServiceName
from dokkupy.services.showing import ServiceInfo
from dokkupy.sizes import MemorySize
from dokkupy.types import Stream

if TYPE_CHECKING:
    from dokkupy.platform import Platform

USUAL_SIZE = MemorySize("100m")


@operation(summary="Keep everything, or be a cache")
def mode(
    platform: Platform,
    service: ServiceName,
    mode: Literal["persistent", "cache"],
    *,
    size: Annotated[MemorySize, Help("Most that a cache holds")] = USUAL_SIZE,
) -> Stream[ServiceInfo]:
    """Choose whether a service loses nothing, or keeps to its size and writes nothing down.

    It is restarted; as a cache it is empty then.

    Raises:
        NotFound: there is no service of that name.
    """
    settings = {"mode": mode, "size": str(size.bytes)}
    yield from ask(platform, "redis", service, "configure", {"settings": settings})
    return shown(platform, "redis", service)
