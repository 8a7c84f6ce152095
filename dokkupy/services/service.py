"""A service as the store knows it."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final, Self

from dokkupy.errors import Conflict, NotFound
from dokkupy.services.access import Access
from dokkupy.services.name import ServiceName

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.services.kind import ServiceKind

NOUN: Final = "services"
"""Under which the store keeps them: key `mysql/db`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One server with its data; `repr` keeps its passwords to itself."""

    noun: str
    name: ServiceName
    created_at: float
    port: int
    database: str
    password: str = field(repr=False)
    admin_password: str = field(repr=False)
    wanted: str = ""
    """The image that was asked for; empty for the usual one."""
    image: str = ""
    """The name of the image that it runs."""
    image_id: str = ""
    """Just this image, whatever its name comes to mean."""
    version: str = ""
    """Of its server, as it said itself."""
    generation: int = 1
    """Counts its containers and volumes: the next one is always of a name of its own."""
    container: str = ""
    """Empty while there is none."""
    address: str = ""
    """On the root's network."""
    volume: str = ""
    kept: tuple[str, ...] = ()
    """Volumes that were replaced, the newest last."""
    before: dict[str, str] = field(default_factory=dict)
    """What an upgrade can go back to: `image`, `image_id`, `wanted`, `version`, `volume`."""
    stopped: bool = False
    standing: bool = False
    """Whether work has stopped it to put another container in its place."""
    host_address: str = ""
    """Where the host answers for it; empty when it does not."""
    host_port: int = 0
    memory: int = 0
    """Bytes that it may take; 0 is no limit."""
    cpus: float = 0.0
    settings: dict[str, str] = field(default_factory=dict)
    """What was chosen of what its kind lets one choose."""
    passphrase: str = field(default="", repr=False)
    """With which its backups are encrypted; empty: they are not."""
    backups: str = ""
    """Where its backups go; empty for the root's own folder."""
    every: str = ""
    """How often it is backed up: `24h`; empty for never."""
    keep: int = 7
    """How many scheduled backups stay."""

    @property
    def key(self) -> str:
        """What it is called among all services: `mysql/db`."""
        return f"{self.noun}/{self.name}"

    @property
    def title(self) -> str:
        """What people call it: `mysql db`."""
        return f"{self.noun} {self.name}"

    @property
    def host(self) -> str:
        """The name by which linked apps find it."""
        return f"dokkupy-{self.noun}-{self.name}"

    @property
    def access(self) -> Access:
        """How apps get into it."""
        return Access(
            host=self.host,
            port=self.port,
            database=self.database,
            user=self.database,
            password=self.password,
            admin_password=self.admin_password,
            settings=self.settings,
        )

    @classmethod
    def fresh(cls, kind: ServiceKind, name: ServiceName, *, wanted: str, now: float) -> Self:
        """Return a new one with passwords of its own; nothing of it runs yet."""
        return cls(
            noun=kind.noun,
            name=name,
            created_at=now,
            port=kind.port,
            database=_database_name(kind, name),
            password=secrets.token_hex(16),
            admin_password=secrets.token_hex(16),
            wanted=wanted,
        )

    def next(self) -> Self:
        """Return it as of the next generation, with neither container nor volume."""
        return replace(self, generation=self.generation + 1, container="", volume="", address="")


def find(platform: Platform, noun: str, name: ServiceName) -> Service:
    """Return a service.

    Raises:
        NotFound: there is none of that name.
    """
    found = platform.store.documents.get("", NOUN, f"{noun}/{name}")
    if found is None:
        raise NotFound(
            f"The service {noun} {name} does not exist.",
            hint=f"See which do: dokkupy {noun} list; make it: dokkupy {noun} create {name}",
        )
    return _read(found)


def every(platform: Platform, noun: str = "") -> list[Service]:
    """Return the services of one kind, or of all, by name."""
    documents = platform.store.documents.keys("", NOUN)
    return [_read(one) for key, one in documents.items() if key.startswith(noun and f"{noun}/")]


def add(platform: Platform, service: Service) -> None:
    """Note a new service.

    Raises:
        Conflict: there is one of that name.
    """
    with platform.store.write():
        refuse_second(platform, service)
        keep(platform, service, "service.created")


def refuse_second(platform: Platform, service: Service) -> None:
    """Refuse to make what is there; what somebody began to make and could not finish is not.

    Raises:
        Conflict: there is one of that name.
    """
    there = platform.store.documents.get("", NOUN, service.key)
    if there is not None and there["container"]:
        raise Conflict(
            f"The service {service.title} exists already.",
            hint=f"Look at it: dokkupy {service.noun} info {service.name}",
        )


def keep(platform: Platform, service: Service, verb: str = "", **data: object) -> None:
    """Note a service as it is now, and the event that made it so."""
    with platform.store.write():
        platform.store.documents.set("", NOUN, service.key, asdict(service))
        if verb:
            platform.store.events.add(verb, "", {"service": service.title, **data})


def forget(platform: Platform, service: Service) -> None:
    """Forget a service."""
    with platform.store.write():
        platform.store.documents.unset("", NOUN, service.key)
        platform.store.events.add("service.destroyed", "", {"service": service.title})


def _database_name(kind: ServiceKind, name: ServiceName) -> str:
    """Return what every server takes as the name of a database and of a user."""
    plain = name.replace("-", "_")
    if plain in kind.reserved:
        return f"{plain}_data"
    beginnings = tuple(word for word in kind.reserved if word.endswith("_"))
    return f"db_{plain}" if plain.startswith(beginnings) else plain


def _read(document: dict[str, Any]) -> Service:
    known = {item.name for item in fields(Service)}
    values = {key: value for key, value in document.items() if key in known}
    values |= {"name": ServiceName(values["name"]), "kept": tuple(values["kept"])}
    return Service(**values)
