"""Data of services on its way: out of one, into one, from one into another."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, TYPE_CHECKING, cast

from dokkupy.errors import Refused
from dokkupy.services import containers, life, swapping
from dokkupy.services import service as services
from dokkupy.services.judging import Judged, Tail, amount
from dokkupy.services.server import DumpingServer
from dokkupy.services.source import poured

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.report import Report
    from dokkupy.services.kind import ServiceKind
    from dokkupy.services.name import ServiceName
    from dokkupy.services.service import Service

Sink = Callable[[bytes], object]


def server_of(kind: ServiceKind, service: Service) -> DumpingServer:
    """Return what knows how to dump and load a service of a kind that can."""
    return cast("DumpingServer", kind.server_for(service.wanted))


def untold(_: str) -> None:
    """Tell nobody how far it is: whoever loads tells it."""


def pour_out(
    platform: Platform,
    kind: ServiceKind,
    service: Service,
    sink: Sink,
    tell: Callable[[str], None] = untold,
) -> int:
    """Write all data of a running service to `sink`; return how many bytes that was.

    Raises:
        Refused: it does not run, or the dump is not all there.
    """
    server = server_of(kind, service)
    tail = Tail(sink, tell)
    server.dump(containers.running(platform, service), tail.write)
    server.refuse_tail(tail.kept)
    return tail.size


def pour_in(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    service: Service,
    *,
    source: IO[bytes],
    stopped: Callable[[], bool] = bool,
) -> int:
    """Load a dump into the empty server of a service; return how many bytes that was.

    Raises:
        Refused: it is foreign, of a newer version, not all there, or the server did not take it.
    """
    server = server_of(kind, service)
    talk = containers.session(platform, service)
    again = f"dokkupy {service.noun} import {service.name}"
    judged = Judged(source, server, service.version, report.progress, stopped, again=again)
    server.load(talk, cast("IO[bytes]", judged))
    if judged.piece():
        raise Refused("The server stopped reading before the end of the dump.")
    report.progress(f"{amount(judged.size)} loaded")
    return judged.size


def import_(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    name: ServiceName,
    *,
    source: IO[bytes],
    stopped: Callable[[], bool] = bool,
) -> int:
    """Replace the data of a service by that of a dump; return how many bytes that was.

    The service goes on with what it has until all of the dump is in another server.

    Raises:
        Refused: as `pour_in` says; the data of before serves on.
    """
    with life.at_work(platform, report, kind.noun, name, "import") as service:
        report.progress(f"Starting a second server for {service.title}")
        with swapping.staged(platform, kind, service) as fresh:
            size = pour_in(platform, report, kind, fresh, source=source, stopped=stopped)
            swapping.swap_in(platform, report, kind, service, fresh)
        services.keep(platform, services.find(platform, kind.noun, name), "service.imported")
    return size


def clone(
    platform: Platform, report: Report, kind: ServiceKind, name: ServiceName, *, new: ServiceName
) -> int:
    """Make a service with what another has now, and passwords of its own; return its bytes.

    Raises:
        Conflict: there is one of that name.
    """
    with life.at_work(platform, report, kind.noun, name, f"clone to {new}") as origin:
        containers.running(platform, origin)
        made = life.create(
            platform,
            report,
            kind,
            new,
            image=origin.wanted,
            memory=origin.memory,
            cpus=origin.cpus,
            settings=origin.settings,
        )
        report.progress(f"Copying the data of {origin.title}")
        try:
            with poured(lambda sink: dumped(platform, kind, origin, sink)) as source:
                return pour_in(platform, report, kind, made, source=source)
        except BaseException:
            life.destroy(platform, kind, made)
            raise


def dumped(platform: Platform, kind: ServiceKind, origin: Service, sink: Sink) -> None:
    """Write all data of a running service to `sink`, as what `poured` asks for."""
    pour_out(platform, kind, origin, sink)
