"""What the operations on services answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dokkupy.deployment import Deployment
from dokkupy.services import containers, links
from dokkupy.services.judging import amount
from dokkupy.services.vault import own_folder

if TYPE_CHECKING:
    from dokkupy.names import AppName
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
    """Empty, as `user` is, for a kind that has none."""
    user: str
    exposed: str
    """Where this host answers for it; empty when it does not."""
    memory: int
    """Bytes that it may take; 0 is no limit."""
    cpus: float
    settings: dict[str, str]
    """What was chosen of what its kind lets one choose."""
    links: tuple[str, ...]
    container: str
    volume: str
    size: int
    """Bytes of its files; 0 while it does not run."""
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

        names = [name for name in self.__slots__ if getattr(self, name) not in ("", (), {}, 0)]
        width = max(map(len, names)) + 2
        said = {name: cell(getattr(self, name), name) for name in names}
        if self.size:
            said["size"] = amount(self.size)
        return "\n".join(
            f"{name.replace('_', ' ') + ':':<{width}}{text}" for name, text in said.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceUrl:
    """The way into a service, with its password."""

    url: str = field(repr=False)

    def text(self) -> str:
        """Say it and nothing else, for other programs."""
        return self.url


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
    vacant: str
    """The usual alias of such services when none of the app's has it, `DATABASE`; else empty."""
    others: tuple[str, ...]
    """The services of the app that could have the usual alias: `mysql db`."""
    deployment: Deployment | None
    """None when nothing of the app runs yet, or nothing was to be restarted."""

    def text(self) -> str:
        """Say it, with what stands in its way."""
        if self.alias is None:
            lines = [f"App {self.app} is not linked to {self.service} any more."]
            lines += [
                f"It has no {self.vacant}_URL now; to make it {other}: "
                f"dokkupy {other.replace(' ', ' promote ')} {self.app}"
                for other in (self.others if self.vacant else ())
            ]
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
    server = platform.hooks.register_services(service.noun).server_for(service.wanted)
    told = server.variables(service.access)
    state = containers.state(platform, service)
    data = server.blueprint(service.access).data
    return ServiceInfo(
        name=service.name,
        kind=service.noun,
        state=state,
        version=service.version,
        image=service.image,
        host=service.host,
        port=service.port,
        database=told.get("NAME", ""),
        user=told.get("USER", ""),
        exposed=exposed,
        memory=service.memory,
        cpus=service.cpus,
        settings=service.settings,
        links=tuple(link.app for link in links.of_service(platform, service)),
        container=service.container,
        volume=service.volume,
        size=_bytes(platform, service, data) if data and state == "running" else 0,
        kept_volumes=service.kept,
        backups=service.backups or str(own_folder(platform)),
        encrypted=bool(service.passphrase),
        schedule=f"every {service.every}, {service.keep} kept" if service.every else "",
        created_at=service.created_at,
    )


def url(platform: Platform, service: Service) -> ServiceUrl:
    """Return the way in from this host where it is exposed, else that of linked apps."""
    server = platform.hooks.register_services(service.noun).server_for(service.wanted)
    access = service.access
    if service.host_address:
        near = "127.0.0.1" if service.host_address == "0.0.0.0" else service.host_address  # noqa: S104
        access = replace(access, host=near, port=service.host_port)
    return ServiceUrl(url=server.variables(access)["URL"])


def changed(
    platform: Platform, service: Service, app: AppName, deployment: Deployment | None
) -> ChangedLink:
    """Return how an app is linked to a service now, and what it lacks or hides."""
    kind = platform.hooks.register_services(service.noun)
    own = links.of_app(platform, app)
    found = [one for one in own if one.service == service.key]
    alike = {other.noun for other in platform.hooks.services() if other.alias == kind.alias}
    told = {key for one in found for key in links.layer(kind, service, one).values}
    config = {*platform.store.config.get(""), *platform.store.config.get(app)}
    return ChangedLink(
        service=service.title,
        app=app,
        alias=found[0].alias if found else None,
        hidden=tuple(sorted(told & config)),
        vacant=kind.alias if kind.alias not in {one.alias for one in own} else "",
        others=tuple(
            one.service.replace("/", " ") for one in own if one.service.partition("/")[0] in alike
        ),
        deployment=deployment,
    )


def _bytes(platform: Platform, service: Service, folder: str) -> int:
    """Return what the files in a folder of a running service take on the disk."""
    said = bytearray()
    talk = containers.session(platform, service)
    # Files come and go meanwhile, which it complains of; its sum stands all the same.
    talk.pipe(["du", "-sk", folder], sink=said.extend)
    number = said.split(b"\t")[0]
    return int(number) * 1024 if number.isdigit() else 0
