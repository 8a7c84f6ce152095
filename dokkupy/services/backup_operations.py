"""The operations on the backups of services."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from dokkupy.core_properties import Count
from dokkupy.errors import UsageError
from dokkupy.moments import Duration
from dokkupy.operations.registry import Help, Stdin, operation
from dokkupy.services.asking import ask, shown
from dokkupy.services.name import ServiceName
from dokkupy.services.showing import ServiceInfo
from dokkupy.services.vaults import Place
from dokkupy.types import Stream

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.services.service import Service

At = Annotated[Place, Help("Where, if not at the service's own place: a folder or a vault")]
USUAL = Place("")
Id = Annotated[str | None, Help("Which one, as `backups` lists it; the newest by default")]
SHORTEST = Duration("10m")
LONGEST = 1024
"""Bytes of a passphrase."""
WEEK = Count(7)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRow:
    """A backup."""

    id: str
    reason: str
    version: str
    size: int
    """Bytes of the dump."""
    stored: int
    """Bytes of the backup."""
    sealed: bool
    tables: int
    rows: int
    seconds: float
    """How long it took."""


@operation(summary="Back a service up")
def backup(
    platform: Platform, noun: str, service: ServiceName, *, to: At = USUAL
) -> Stream[BackupRow]:
    """Write a backup, compressed, sealed if the service has a passphrase, with its checksum.

    The service goes on serving. Without `--to` it goes to the place that `schedule` has set, or
    to the root's own folder.

    Raises:
        NotFound: there is no service of that name.
    """
    made = yield from ask(platform, noun, service, "backup", {"place": to})
    return _row(made)


@operation(summary="List the backups of a service", reads=True, empty="There is no backup yet.")
def backups(
    platform: Platform, noun: str, service: ServiceName, *, at: At = USUAL
) -> list[BackupRow]:
    """List what can be restored, the oldest first; also of a service that is gone.

    What cannot be read, being damaged or of a newer dokkupy, comes last with that as its reason.
    """
    from dataclasses import asdict

    from dokkupy.services import manifest
    from dokkupy.services.vault import open_vault

    place = at or _own_place(platform, noun, service)
    found, unreadable = manifest.readable(open_vault(platform, place), noun, service)
    return [*(_row(asdict(one)) for one in found), *map(_unreadable, unreadable)]


@operation(summary="Replace the data of a service by a backup")
def restore(
    platform: Platform,
    noun: str,
    service: ServiceName,
    id: Id = None,  # noqa: A002
    *,
    at: At = USUAL,
    of: Annotated[ServiceName | None, Help("The service that was backed up, if another")] = None,
    count: Annotated[bool, Help("Take it though tables have other rows than were counted")] = True,
) -> Stream[BackupRow]:
    """Load a backup into a second server, compare its rows, and let that one serve.

    The service goes on with what it has until then. What it had is kept on a volume of its own;
    `clean` removes it.

    Raises:
        NotFound: there is no such backup.
        Refused: it is damaged, or does not hold what was counted; nothing has changed.
    """
    given = {"wanted": id or "", "place": at, "of": of or "", "count": count}
    return _row((yield from ask(platform, noun, service, "restore", given)))


@operation(summary="Prove that a backup can be restored")
def backup_verify(
    platform: Platform,
    noun: str,
    service: ServiceName,
    id: Id = None,  # noqa: A002
    *,
    at: At = USUAL,
) -> Stream[BackupRow]:
    """Restore a backup into a server that is thrown away, and compare the rows of every table.

    Raises:
        NotFound: there is no such backup.
        Refused: it is damaged, or does not hold what was counted.
    """
    given = {"wanted": id or "", "place": at}
    return _row((yield from ask(platform, noun, service, "verify", given)))


@operation(summary="Seal the backups of a service with a passphrase")
def backup_passphrase(
    platform: Platform,
    noun: str,
    service: ServiceName,
    stdin: Stdin,
    *,
    none: Annotated[bool, Help("Seal them no more")] = False,
) -> ServiceInfo:
    """Read a passphrase from standard input; every later backup is sealed with it.

    Keep it elsewhere too: without it the backups are worth nothing.

    Raises:
        NotFound: there is no service of that name.
        EngineError: the container engine does not answer.
    """
    line = b"" if none else stdin.stream.readline(LONGEST)
    try:
        passphrase = line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        passphrase = ""
    if not none and (len(passphrase) < 12 or not passphrase.isprintable() or len(line) == LONGEST):
        raise UsageError(
            f"A passphrase is a line of text of at least 12 characters, below {LONGEST} bytes.",
            hint=f"openssl rand -hex 24 | tee FILE | dokkupy {noun} backup-passphrase {service}",
        )
    return _kept(platform, noun, service, "service.passphrase-set", passphrase=passphrase)


@operation(summary="Say how often a service is backed up, and where to")
def schedule(
    platform: Platform,
    noun: str,
    service: ServiceName,
    *,
    every: Annotated[Duration, Help("How often: 6h, 1d, 7d")] = Duration("1d"),  # noqa: B008
    keep: Annotated[Count, Help("How many scheduled ones stay")] = WEEK,
    to: Annotated[Place, Help("Folder or vault for them; a folder of the root by default")] = USUAL,
) -> ServiceInfo:
    """Have `services backup-due` back the service up from now on, and remove the oldest.

    Raises:
        NotFound: there is no service of that name.
        EngineError: the container engine does not answer.
        UsageError: it is more often than every ten minutes, or the place is none.
    """
    from dokkupy.services.vault import open_vault

    if every.seconds < SHORTEST.seconds:
        raise UsageError(f"{every} is too often.", hint=f"At most every {SHORTEST}.")
    open_vault(platform, to)
    return _kept(
        platform, noun, service, "service.scheduled", every=str(every), keep=int(keep), backups=to
    )


@operation(summary="Back a service up no more by itself")
def unschedule(platform: Platform, noun: str, service: ServiceName) -> ServiceInfo:
    """Undo `schedule`; the backups stay, and so does their place.

    Raises:
        NotFound: there is no service of that name.
        EngineError: the container engine does not answer.
    """
    return _kept(platform, noun, service, "service.unscheduled", every="")


@operation(summary="Back up every service whose time has come")
def backup_due(platform: Platform, noun: str) -> Stream[list[BackupRow]]:
    """Make the scheduled backups of this kind that are due; `services backup-due` makes all.

    One that fails does not keep the others from being made.
    """
    from dokkupy.services import scheduled
    from dokkupy.services import service as services

    made = yield from scheduled.make(platform, services.every(platform, noun))
    return [_row(one) for one in made]


def _kept(
    platform: Platform, noun: str, name: ServiceName, verb: str, **changes: Any
) -> ServiceInfo:
    from dokkupy.services import service as services

    with platform.store.write():
        found: Service = services.find(platform, noun, name)
        services.keep(platform, replace(found, **changes), verb)
    return shown(platform, noun, name)


def _own_place(platform: Platform, noun: str, name: ServiceName) -> str:
    from dokkupy.errors import NotFound
    from dokkupy.services import service as services

    try:
        return services.find(platform, noun, name).backups
    except NotFound:
        return ""


def _unreadable(id: str) -> BackupRow:  # noqa: A002
    return BackupRow(
        id=id,
        reason="cannot be read",
        version="",
        size=0,
        stored=0,
        sealed=False,
        tables=0,
        rows=0,
        seconds=0.0,
    )


def _row(made: dict[str, Any]) -> BackupRow:
    return BackupRow(
        id=made["id"],
        reason=made["reason"],
        version=made["version"],
        size=made["size"],
        stored=made["stored"],
        sealed=made["sealed"],
        tables=len(made["most"]),
        rows=sum(made["most"].values()),
        seconds=round(made["ended_at"] - made["began_at"], 1),
    )
