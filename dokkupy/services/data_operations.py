"""The operations of services whose data can be dumped and loaded."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from dokkupy.errors import Refused, UsageError
from dokkupy.operations.registry import Help, Stdin, operation
from dokkupy.services.addresses import ImageName
from dokkupy.services.asking import ask, shown
from dokkupy.services.name import ServiceName
from dokkupy.services.showing import ServiceInfo
from dokkupy.types import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from dokkupy.platform import Platform
    from dokkupy.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A service that holds what was loaded into it, all of it."""

    service: str
    size: int
    """Bytes of the dump."""

    def text(self) -> str:
        """Say it in one line."""
        from dokkupy.services.judging import amount

        return f"{self.service} holds all of the dump ({amount(self.size)})."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """Volumes that are gone."""

    volumes: tuple[str, ...]

    def text(self) -> str:
        """Say it in one line."""
        return f"Removed: {', '.join(self.volumes)}" if self.volumes else "There was none."


@operation(summary="Write a dump to standard output", interactive=True)
def export(platform: Platform, noun: str, service: ServiceName) -> Stream[None]:
    """Write all data of a service, as its own tools do, while it goes on serving.

    Raises:
        NotFound: there is no service of that name.
        EngineError: the container engine does not answer.
        Refused: it does not run, or the dump is not all there.
    """
    from dokkupy.services import moving
    from dokkupy.services import service as services
    from dokkupy.services.following import followed
    from dokkupy.services.judging import amount

    if sys.stdout.isatty():
        raise UsageError(
            "A dump is not for a terminal.", hint=f"dokkupy {noun} export {service} > FILE"
        )
    kind = platform.hooks.register_services(noun)
    found = services.find(platform, noun, service)

    def work(report: Report, stopped: Callable[[], bool]) -> None:
        def sink(piece: bytes) -> None:
            if stopped():
                raise Refused("It was stopped half-way.")
            sys.stdout.buffer.write(piece)

        # Warnings go to stderr: stdout is the dump's.
        size = moving.pour_out(platform, kind, found, sink, report.warning)
        sys.stdout.buffer.flush()
        report.warning(f"{amount(size)} written")

    yield from followed(work)


@operation(summary="Replace the data of a service by a dump", name="import")
def import_(platform: Platform, noun: str, service: ServiceName, stdin: Stdin) -> Stream[Loaded]:
    """Load a dump from standard input into a second server, and let that one serve.

    The service goes on with what it has until all of it is loaded. What it had is kept on a
    volume of its own; `clean` removes it.

    Raises:
        NotFound: there is no service of that name.
        Refused: the dump is foreign, of a newer server, or not all there; nothing has changed.
    """
    from dokkupy.services import moving
    from dokkupy.services.following import followed

    kind = platform.hooks.register_services(noun)

    def work(report: Report, stopped: Callable[[], bool]) -> int:
        return moving.import_(platform, report, kind, service, source=stdin.stream, stopped=stopped)

    size = yield from followed(work)
    return Loaded(service=f"{noun} {service}", size=size)


@operation(summary="Make a service with the data of another")
def clone(
    platform: Platform,
    noun: str,
    service: ServiceName,
    new: Annotated[ServiceName, Help("The name of the clone")],
) -> Stream[Loaded]:
    """Make a service with a copy of the data that another has now, and passwords of its own.

    It has the other's image, limits and settings too; links, ports and backups are its own.

    Raises:
        NotFound: there is no service of that name.
        Conflict: there is one of that name.
    """
    size: int = yield from ask(platform, noun, service, "clone", {"new": new})
    return Loaded(service=f"{noun} {new}", size=size)


@operation(summary="Move a service to a newer image, or back")
def upgrade(
    platform: Platform,
    noun: str,
    service: ServiceName,
    *,
    image: Annotated[
        ImageName | None, Help("Another image; the newest of its own by default")
    ] = None,
    back: Annotated[bool, Help("Undo the last upgrade")] = False,
) -> Stream[ServiceInfo]:
    """Back a service up, copy its files, and start the new image on the copy.

    It stands still for the time of the copy. When the new server does not get ready, the one of
    before serves on. `--back` goes back to the image and the data of before; what was written
    since is then on a volume that is kept.

    Raises:
        NotFound: there is no service of that name.
        Refused: it runs the newest already, or there is nothing to go back to.
    """
    if back:
        if image:
            raise UsageError("--back goes to the image of before.", hint="Leave --image out.")
        yield from ask(platform, noun, service, "go-back", {})
    else:
        yield from ask(platform, noun, service, "upgrade", {"image": image or ""})
    return shown(platform, noun, service)


@operation(summary="Remove the data that was replaced", confirm="service")
def clean(
    platform: Platform,
    noun: str,
    service: ServiceName,
    *,
    force: Annotated[bool, Help("Do not ask")] = False,  # noqa: ARG001 (read by the registry)
) -> Stream[Cleaned]:
    """Remove the volumes that an import, a restore or an upgrade has replaced.

    After it no upgrade can be undone.

    Raises:
        NotFound: there is no service of that name.
    """
    gone = yield from ask(platform, noun, service, "clean", {})
    return Cleaned(volumes=tuple(gone))
