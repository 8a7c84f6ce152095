"""A service moved to another image, with a way back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dokkupy.engine import ContainerSpec
from dokkupy.errors import EngineError, Refused
from dokkupy.services import backups, containers, images, life, moving, networks, standing
from dokkupy.services import service as services
from dokkupy.services.source import poured
from dokkupy.types import Mount

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.report import Report
    from dokkupy.services.kind import ServiceKind
    from dokkupy.services.name import ServiceName
    from dokkupy.services.service import Service

COPY_SECONDS: Final = 6 * 3600.0


def upgrade(
    platform: Platform, report: Report, kind: ServiceKind, name: ServiceName, *, image: str
) -> Service:
    """Move a service to another image, or to the newest of its own, on a copy of its data.

    It is backed up first, stands still while its files are copied, and goes back to what it was
    when the new server does not get ready.

    Raises:
        Refused: it runs the newest already, or the image is older than what it runs.
        DokkupyError: the server of before serves again.
    """
    with life.at_work(platform, report, kind.noun, name, "upgrade") as service:
        after = _with_image(platform, report, kind, service, image)
        backups.make(platform, report, kind, service, place=service.backups, reason="upgrade")
        images.hold(platform, service)
        before = {
            "image": service.image,
            "image_id": service.image_id,
            "wanted": service.wanted,
            "version": service.version,
            "volume": service.volume,
        }
        kept = tuple(filter(None, (*service.kept, service.before.get("volume", ""))))
        report.progress(f"Stopping {service.title} to copy its files")
        with standing.still(platform, kind, service):
            way = _afresh if kind.files_of_major else _on_a_copy
            fresh = way(platform, report, kind, service, after)
            try:
                done = life.settle(platform, replace(fresh, before=before, kept=kept))
            except BaseException:
                containers.discard(platform, fresh, volume=True)
                raise
        containers.discard(platform, service, volume=False)
        services.keep(platform, done, "service.upgraded", version=done.version)
    return done


def go_back(platform: Platform, report: Report, kind: ServiceKind, name: ServiceName) -> Service:
    """Undo the last upgrade: the image of before on the data of before.

    What was written since is on a volume that is kept.

    Raises:
        Refused: there is nothing to go back to.
    """
    with life.at_work(platform, report, kind.noun, name, "upgrade --back") as service:
        before = service.before
        if not before:
            raise Refused(
                f"The service {service.title} was not upgraded, or its data of before is gone.",
                hint=f"See its backups: dokkupy {kind.noun} backups {name}",
            )
        done = life.relaunch(
            platform,
            report,
            kind,
            service,
            image=before["image"],
            image_id=before["image_id"],
            wanted=before["wanted"],
            volume=before["volume"],
            kept=(*service.kept, service.volume),
            before={},
        )
        images.let_go(platform, service)
    return done


def _with_image(
    platform: Platform, report: Report, kind: ServiceKind, service: Service, image: str
) -> Service:
    """Return a service as it shall be, its image there."""
    wanted = image or service.wanted
    server = kind.server_for(wanted)
    if image:
        found = images.ensure(platform, server.image, chosen=True, tell=report.output)
    else:
        found = service.image
        images.renew(platform, server.image, found, report.output)
    newest = platform.engine.image(found).id
    if newest == service.image_id:
        raise Refused(f"The service {service.title} runs the newest {found} already.")
    return replace(service, wanted=wanted, image=found, image_id=newest)


def _on_a_copy(
    platform: Platform, report: Report, kind: ServiceKind, service: Service, after: Service
) -> Service:
    """Start the new image on a copy of the stopped service's files; leave nothing if it fails."""
    volume = f"dokkupy-{platform.root_id}-{service.noun}-{service.name}-{service.generation + 1}"
    platform.engine.ensure_volume(volume, containers.labels(platform, service))
    fresh = replace(after, generation=service.generation + 1, volume=volume)
    try:
        _copy(platform, service, volume)
        report.progress(f"Starting {service.title} from {after.image}")
        fresh = containers.launch(platform, kind, fresh)
        _refuse_older(service.version, fresh.version)
        moving.server_of(kind, fresh).adapt(containers.session(platform, fresh))
        networks.join(platform, fresh)
    except BaseException:
        platform.engine.remove(volume)  # the container, which has the name of its volume
        platform.engine.remove_volume(volume)
        raise
    return fresh


def _afresh(
    platform: Platform, report: Report, kind: ServiceKind, service: Service, after: Service
) -> Service:
    """Load a dump of the stopped service into the new image, unless that takes its files."""
    report.progress(f"Starting an empty server from {after.image}")
    empty = replace(after.next(), generation=service.generation + 2)
    fresh = containers.launch(platform, kind, empty)
    try:
        _refuse_older(service.version, fresh.version)
        other = _numbers(fresh.version)[:1] != _numbers(service.version)[:1]
        if other:
            _pour_over(platform, report, kind, service, fresh)
            networks.join(platform, fresh)
            return fresh
    except BaseException:
        containers.discard(platform, fresh, volume=True)
        raise
    containers.discard(platform, fresh, volume=True)
    return _on_a_copy(platform, report, kind, service, after)


def _pour_over(
    platform: Platform, report: Report, kind: ServiceKind, service: Service, fresh: Service
) -> None:
    """Load the data of a stopped service into another server; nobody writes in the meantime."""
    alone = replace(service, generation=service.generation + 1, host_address="", host_port=0)
    report.progress(f"Copying the data of {service.title}")
    origin = containers.launch(platform, kind, alone)
    try:
        with poured(lambda sink: moving.dumped(platform, kind, origin, sink)) as source:
            moving.pour_in(platform, report, kind, fresh, source=source)
        containers.stop(platform, kind, origin)
    finally:
        containers.discard(platform, origin, volume=False)


def _copy(platform: Platform, service: Service, volume: str) -> None:
    engine = platform.engine
    name = f"{volume}-copy"
    engine.create(
        ContainerSpec(
            name=name,
            image=service.image_id,
            entrypoint=("cp",),
            command=("-a", "/from/.", "/to/"),
            user="0",
            labels=containers.labels(platform, service),
            mounts=(
                Mount(source=service.volume, target="/from", read_only=True),
                Mount(source=volume, target="/to"),
            ),
        )
    )
    try:
        engine.start(name)
        engine.wait([name], COPY_SECONDS)
        if engine.inspect(name).exit_code != 0:
            log = b"\n".join(engine.logs(name, tail=10)).decode("utf-8", "replace")
            raise EngineError("The files of the service could not be copied.", detail=log)
    finally:
        engine.remove(name)


def _refuse_older(before: str, after: str) -> None:
    if _numbers(after) < _numbers(before):
        raise Refused(f"Version {after} is older than {before}, which made the data.")


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.partition("-")[0].split(".") if part.isdigit()]
