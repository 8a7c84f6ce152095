"""The protocol of a server: what the kit asks of a plugin that knows one kind of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Protocol, runtime_checkable

from dokkupy.engine import ContainerFile
from dokkupy.services.access import Access
from dokkupy.types import Environment

if TYPE_CHECKING:
    from dokkupy.services.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How an image is built of the distribution's packages where no registry has one."""

    reference: str
    """The name that the image gets: `dokkupy/mariadb:1`."""
    base: str = "dokkupy/base:1"
    packages: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    """Path in the image -> content; all may be run."""
    instructions: tuple[str, ...] = ()
    """Lines of the Dockerfile after packages and files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerImage:
    """Where the image of a server comes from."""

    upstream: str
    """What a registry has: `mariadb:lts`."""
    recipe: Recipe | None = None
    """What is built instead when no registry answers; None when nothing can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """What the container of a server is made of, besides its image."""

    data: str = ""
    """The folder that its volume is mounted at; empty for a server that keeps nothing."""
    command: tuple[str, ...] = ()
    env: Environment = field(default_factory=Environment)
    """Nothing secret: whoever may inspect the container sees it."""
    files: tuple[ContainerFile, ...] = ()
    """Put into the container before it starts; the place for passwords."""
    grace: float = 60.0
    """Seconds between asking it to end and making it."""


class Server(Protocol):
    """Knows how to run one image of one kind of server.

    Contract: `dokkupy.testing.suites.ServiceContract`.
    """

    image: ServerImage

    def blueprint(self, access: Access) -> Blueprint:
        """Return what its container is made of; it makes database and user at the first start."""
        ...

    def variables(self, access: Access) -> Environment:
        """Return what a linked app is told, without the alias: `URL`, `HOST`, `PORT` …"""
        ...

    def version(self, session: Session) -> str:
        """Ask the server for its version, through its own client and as an app would.

        The first answer shows that it is ready; it is not asked before something listens.

        Raises:
            EngineError: it does not answer yet.
        """
        ...

    def client(self, access: Access) -> tuple[str, ...]:
        """Return the command line of its own client in the container, signed in as an app is."""
        ...


class DumpingServer(Server, Protocol):
    """A server whose data can be taken out and put in."""

    def dump(self, session: Session, sink: Callable[[bytes], object]) -> None:
        """Write all data to `sink` as one consistent whole while the server goes on serving."""
        ...

    def load(self, session: Session, source: IO[bytes]) -> None:
        """Read a dump into the empty server of `session`.

        Raises:
            Refused: the server did not take it.
        """
        ...

    def counts(self, session: Session) -> dict[str, int]:
        """Return how many rows each table has, or keys each database."""
        ...

    def refuse_head(self, head: bytes, version: str) -> None:
        """Look at the first kilobytes of what is to be loaded into a server of `version`.

        Raises:
            Refused: it is no dump of this kind of server, or of a newer one.
        """
        ...

    def refuse_tail(self, tail: bytes) -> None:
        """Look at the last kilobytes of a dump.

        Raises:
            Refused: it is not all there.
        """
        ...

    def adapt(self, session: Session) -> None:
        """Bring the data that an earlier version has left up to the one that runs now."""
        ...


class RowCounter(Protocol):
    """Counts the rows in a dump as it passes."""

    def write(self, piece: bytes) -> None:
        """Look at one piece."""
        ...

    def counts(self) -> dict[str, int]:
        """Return how many rows of each table have passed, by the names that the server counts by.

        Leave out what cannot be told for certain.
        """
        ...


@runtime_checkable
class CountingServer(Protocol):
    """A server whose dumps show how many rows they hold.

    Without it a backup knows what there was before and after it was made. Rows that come and go
    meanwhile, as those of a queue do, are then more or fewer than both, and it is refused.
    """

    def row_counter(self) -> RowCounter:
        """Return a counter for one dump."""
        ...
