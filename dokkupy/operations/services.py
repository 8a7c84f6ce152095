"""Operations on the services of all kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dokkupy.operations.registry import operation
from dokkupy.types import Stream

if TYPE_CHECKING:
    from dokkupy.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedService:
    """A service of any kind."""

    kind: str
    name: str
    state: str
    version: str
    links: tuple[str, ...]
    """The apps that are linked to it."""
    schedule: str
    """How often it is backed up; empty for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledBackup:
    """A backup that was due."""

    service: str
    id: str
    stored: int
    """Bytes of the backup."""
    seconds: float
    """How long it took."""


@operation(
    summary="List the services of every kind",
    name="list",
    reads=True,
    default=True,
    empty="There is none yet. Make one, such as: dokkupy mysql create NAME",
)
def list_(platform: Platform) -> list[ListedService]:
    """List all services with their state, the apps that are linked and how often they are saved.

    Raises:
        EngineError: the container engine does not answer.
    """
    from dokkupy.services import service as services
    from dokkupy.services import showing

    found = []
    for one in services.every(platform):
        row = showing.row(platform, one)
        found.append(
            ListedService(
                kind=one.noun,
                name=row.name,
                state=row.state,
                version=row.version,
                links=row.links,
                schedule=one.every,
            )
        )
    return found


@operation(summary="Back up every service whose time has come", empty="None was due.")
def backup_due(platform: Platform) -> Stream[list[ScheduledBackup]]:
    """Make the scheduled backups that are due, of services of every kind; for a timer.

    `host setup` makes the timer where systemd is. One backup that fails does not keep the others
    from being made.
    """
    from dokkupy.services import scheduled
    from dokkupy.services import service as services

    made = yield from scheduled.make(platform, services.every(platform))
    return [
        ScheduledBackup(
            service=f"{one['noun']} {one['service']}",
            id=one["id"],
            stored=one["stored"],
            seconds=round(one["ended_at"] - one["began_at"], 1),
        )
        for one in made
    ]
