"""What the operations on services answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dokkupy.deployment import Deployment
from dokkupy.services import containers, links

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.services.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    """A service in a listing."""

    name: str
    state: str
    version: str
    links: tuple[str, ...]
    """The apps that are linked to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceInfo:
    """Everything about a service but its passwords."""

    name: str
    kind: str
    state: str
    """What the engine says of its container: `running`, `exited`, `missing` …"""
    version: str
    image: str
    """What runs: a registry's image, or `dokkupy/…` made of the distribution's packages."""
    host: str
    """The name by which linked apps find it."""
    port: int
    database: str
    user: str
    exposed: str
    """Where this host answers for it; empty when it does not."""
    memory: int
    """Bytes that it may take; 0 is no limit."""
    cpus: float
    links: tuple[str, ...]
    container: str
    volume: str
    kept_volumes: tuple[str, ...]
    """Replaced by an import, a restore or an upgrade, and not removed."""
    backups: str
    """Where they go."""
    encrypted: bool
    """Whether its backups are."""
    schedule: str
    created_at: float

    def text(self) -> str:
        """Say it line by line."""
        from dokkupy.cli.output import cell

        names = [name for name in self.__slots__ if getattr(self, name) not in ("", (), 0)]
        width = max(map(len, names)) + 2
        return "\n".join(
            f"{name.replace('_', ' ') + ':':<{width}}{cell(getattr(self, name), name)}"
            for name in names
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DestroyedService:
    """A service that is gone."""

    service: str
    backup: str | None
    """The id of the backup that stays; None when there is none."""

    def text(self) -> str:
        """Say it, with what stays."""
        if self.backup is None:
            return f"The service {self.service} is gone."
        return f"The service {self.service} is gone; its backup {self.backup} stays."


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLink:
    """An app's way to a service."""

    service: str
    app: str
    alias: str
    variables: tuple[str, ...]
    """Keys that the app gets; their values are in its environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLink:
    """What a change of links came to."""

    service: str
    app: str
    alias: str | None
    """None when it is linked no more."""
    hidden: tuple[str, ...]
    """Keys of the app's own config, or of the global one, that stand before the service's."""
    deployment: Deployment | None
    """None when nothing of the app runs yet, or nothing was to be restarted."""

    def text(self) -> str:
        """Say it, with what stands in its way."""
        if self.alias is None:
            lines = [f"App {self.app} is not linked to {self.service} any more."]
        else:
            lines = [f"App {self.app} finds {self.service} as {self.alias}_URL."]
        for key in self.hidden:
            lines.append(
                f"Warning: the config sets {key}, which hides the service's: "
                f"dokkupy config unset {self.app} {key}"
            )
        return "\n".join([*lines, *([self.deployment.text()] if self.deployment else [])])


def row(platform: Platform, service: Service) -> ServiceRow:
    """Return a service as a listing shows it."""
    return ServiceRow(
        name=service.name,
        state=containers.state(platform, service),
        version=service.version,
        links=tuple(link.app for link in links.of_service(platform, service)),
    )


def info(platform: Platform, service: Service) -> ServiceInfo:
    """Return everything about a service."""
    exposed = f"{service.host_address}:{service.host_port}" if service.host_address else ""
    return ServiceInfo(
        name=service.name,
        kind=service.noun,
        state=containers.state(platform, service),
        version=service.version,
        image=service.image,
        host=service.host,
        port=service.port,
        database=service.database,
        user=service.database,
        exposed=exposed,
        memory=service.memory,
        cpus=service.cpus,
        links=tuple(link.app for link in links.of_service(platform, service)),
        container=service.container,
        volume=service.volume,
        kept_volumes=service.kept,
        backups=service.backups,
        encrypted=bool(service.passphrase),
        schedule=f"every {service.every}, {service.keep} kept" if service.every else "",
        created_at=service.created_at,
    )
