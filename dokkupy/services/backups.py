"""Backups of services: made, restored, verified, thinned out."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final, cast

from dokkupy.errors import Refused
from dokkupy.services import containers, life, manifest, moving, swapping
from dokkupy.services import service as services
from dokkupy.services.judging import amount
from dokkupy.services.manifest import Manifest
from dokkupy.services.sealing import Sealer, Unsealed
from dokkupy.services.server import CountingServer
from dokkupy.services.source import poured
from dokkupy.services.vault import Vault, open_vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dokkupy.platform import Platform
    from dokkupy.report import Report
    from dokkupy.services.kind import ServiceKind
    from dokkupy.services.name import ServiceName
    from dokkupy.services.service import Service

SCHEDULE: Final = "schedule"


def backup(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    name: ServiceName,
    *,
    place: str = "",
) -> Manifest:
    """Make a backup of a running service, at its own place or another.

    Raises:
        Refused: it does not run, or the place does not take it; nothing of it is left there.
    """
    with life.at_work(platform, report, kind.noun, name, "backup") as service:
        where = place or service.backups
        return make(platform, report, kind, service, place=where, reason="asked")


def scheduled(
    platform: Platform, report: Report, kind: ServiceKind, name: ServiceName
) -> Manifest | None:
    """Make the backup whose time has come, unless somebody has made it just now.

    Raises:
        Refused: as `backup` says.
    """
    with life.at_work(platform, report, kind.noun, name, "backup") as service:
        if not due(platform, service, time.time()):
            return None
        made = make(platform, report, kind, service, place=service.backups, reason=SCHEDULE)
        thin_out(platform, report, service)
        return made


def make(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    service: Service,
    *,
    place: str,
    reason: str,
) -> Manifest:
    """Make a backup; needs the service's lock."""
    vault = open_vault(platform, place)
    talk = containers.running(platform, service)
    server = moving.server_of(kind, service)
    report.progress(f"Backing up {service.title}")
    began = time.time()
    before = server.counts(talk)
    sizes: list[int] = []
    sealers: list[Sealer] = []

    counter = server.row_counter() if isinstance(server, CountingServer) else None

    def produce(sink: Callable[[bytes], object]) -> None:
        sealer = Sealer(sink, service.passphrase)

        def keep(piece: bytes) -> None:
            if counter is not None:
                counter.write(piece)
            sealer.write(piece)

        sizes.append(moving.pour_out(platform, kind, service, keep, report.progress))
        sealer.finish()
        sealers.append(sealer)

    stamp = manifest.free_id(vault, service.noun, service.name, began)
    data = f"{manifest.prefix(service.noun, service.name)}{stamp}.dump.gz"
    with poured(produce) as source:
        vault.put(data + (".sealed" if service.passphrase else ""), source)
    after = server.counts(talk)
    least, most = manifest.bounds(before, after, counter.counts() if counter else {})
    made = Manifest(
        id=stamp,
        noun=service.noun,
        service=service.name,
        image=service.image,
        version=service.version,
        reason=reason,
        began_at=began,
        ended_at=time.time(),
        size=sizes[0],
        stored=sealers[0].size,
        sha256=sealers[0].sha256,
        sealed=bool(service.passphrase),
        least=least,
        most=most,
    )
    made.write(vault)
    data_of = {"service": service.title, "id": made.id, "bytes": made.stored}
    platform.store.events.add("service.backed-up", "", data_of)
    report.progress(f"{amount(made.size)} in {amount(made.stored)}: backup {made.id}")
    return made


def restore(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    name: ServiceName,
    *,
    wanted: str,
    place: str,
    of: str,
    count: bool = True,
) -> Manifest:
    """Replace the data of a service by that of a backup, once it proved to be whole.

    `of` names the service that was backed up, empty for the same. Without `count` its rows are
    taken as they are; its checksum and its end are looked at all the same.

    Raises:
        NotFound: there is no such backup.
        Refused: it is damaged, or its rows are not those that were counted; nothing has changed.
    """
    with life.at_work(platform, report, kind.noun, name, "restore") as service:
        vault = open_vault(platform, place or service.backups)
        found = manifest.find(vault, kind.noun, of or name, wanted)
        report.progress(f"Restoring {found.base} into a second server")
        with swapping.staged(platform, kind, service) as fresh:
            _load(platform, report, kind, fresh, vault=vault, found=found, count=count)
            swapping.swap_in(platform, report, kind, service, fresh)
        data_of = {"service": service.title, "id": found.id}
        platform.store.events.add("service.restored", "", data_of)
    return found


def verify(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    name: ServiceName,
    *,
    wanted: str,
    place: str,
) -> Manifest:
    """Restore a backup into a server that is thrown away, and compare rows.

    Raises:
        Refused: it is damaged, or its rows are not those that were counted.
    """
    with life.at_work(platform, report, kind.noun, name, "verify a backup") as service:
        vault = open_vault(platform, place or service.backups)
        found = manifest.find(vault, kind.noun, name, wanted)
        report.progress(f"Restoring {found.base} into a server to throw away")
        with swapping.staged(platform, kind, service) as fresh:
            _load(platform, report, kind, fresh, vault=vault, found=found)
    return found


def thin_out(platform: Platform, report: Report, service: Service) -> None:
    """Remove the oldest scheduled backups beyond those that stay."""
    vault = open_vault(platform, service.backups)
    found = manifest.every(vault, service.noun, service.name)
    by_timer = [one for one in found if one.reason == SCHEDULE]
    for one in by_timer[: -service.keep]:
        report.progress(f"Removing the backup {one.id}")
        one.remove(vault)


def due(platform: Platform, service: Service, now: float) -> bool:
    """Say whether the time for the next scheduled backup has come."""
    from dokkupy.moments import Duration

    if not service.every or service.stopped:
        return False
    vault = open_vault(platform, service.backups)
    made = manifest.every(vault, service.noun, service.name)
    last = max(
        (
            one.began_at
            for one in made
            # Made while the clock was wrong: it must not keep later ones from being made.
            if one.reason == SCHEDULE and one.began_at <= now + manifest.AHEAD_SECONDS
        ),
        default=0.0,
    )
    return last + Duration(service.every).seconds <= now


def final(platform: Platform, report: Report, kind: ServiceKind, service: Service) -> Manifest:
    """Make the last backup of a service; one that does not run is started for it.

    Raises:
        DokkupyError: it cannot be made.
    """
    with _running(platform, kind, service):
        return make(platform, report, kind, service, place=service.backups, reason="destroy")


@contextmanager
def _running(platform: Platform, kind: ServiceKind, service: Service) -> Iterator[None]:
    """Have a service run for a block; one that was stopped is so again if the block fails."""
    if containers.state(platform, service) in ("running", "missing"):
        containers.running(platform, service)
        yield
        return
    platform.engine.start(service.container)
    try:
        containers.await_ready(platform, kind.server_for(service.wanted), service)
        yield
    except BaseException:
        containers.stop(platform, kind, service)
        raise


def _load(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    fresh: Service,
    *,
    vault: Vault,
    found: Manifest,
    count: bool = True,
) -> None:
    """Load a backup into an empty server, and see that all of it is there."""
    own = services.find(platform, fresh.noun, fresh.name)
    if found.sealed and not own.passphrase:
        raise Refused(
            f"The backup {found.id} is sealed, and {own.title} has no passphrase.",
            hint=f"dokkupy {own.noun} backup-passphrase {own.name} < FILE",
        )
    with vault.open(found.data) as kept:
        passphrase = own.passphrase if found.sealed else ""
        unsealed = Unsealed(kept, sha256=found.sha256, passphrase=passphrase)
        dump = cast("IO[bytes]", unsealed)
        moving.pour_in(platform, report, kind, fresh, source=dump)
    counts = moving.server_of(kind, fresh).counts(containers.session(platform, fresh))
    differences = found.differences(counts)
    if differences and count:
        raise Refused(
            f"The backup {found.id} does not hold what was there when it was made.",
            hint="If rows came and went meanwhile, take it as it is: "
            f"dokkupy {own.noun} restore {own.name} {found.id} --no-count",
            detail="\n".join(differences),
        )
    for difference in differences:
        report.warning(difference)
    rows = sum(counts.values())
    report.progress(f"{'Taken' if differences else 'All there'}: {len(counts)} tables, {rows} rows")
