"""What is particular to one kind of service, as far as it is plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dokkupy.services.server import Server

OPERATIONS: Final = "dokkupy.services.operations"
DATA_OPERATIONS: Final = "dokkupy.services.data_operations"
BACKUP_OPERATIONS: Final = "dokkupy.services.backup_operations"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKind:
    """One kind of server; its plugin registers it, and gets the operations under its noun."""

    noun: str
    """The first word of its operations: `mysql`."""
    title: str
    """How people write it: `MySQL`."""
    port: int
    """Where it listens in its container."""
    server: str
    """What makes a `Server` for an image reference, as `package.module:attribute`."""
    alias: str = "DATABASE"
    """Prefix of the variables that an app gets for the first service it is linked to."""
    reserved: tuple[str, ...] = ()
    """What neither a database nor a user can be called; with `_` at its end, nor begin with."""
    known_as: tuple[str, ...] = ()
    """What an app.json that was written for others calls such a service: `heroku-redis`."""
    dumps: bool = True
    """Whether its data can be dumped and loaded, and so backed up, cloned and upgraded."""
    files_of_major: bool = False
    """Whether only servers of one major version take each other's files: an upgrade to another
    one dumps and loads."""

    @property
    def operation_modules(self) -> tuple[str, ...]:
        """The modules whose operations its noun has."""
        return (OPERATIONS, DATA_OPERATIONS, BACKUP_OPERATIONS) if self.dumps else (OPERATIONS,)

    def server_for(self, image: str) -> Server:
        """Return what knows how to run `image`, empty for the usual one."""
        module, _, attribute = self.server.partition(":")
        make: Callable[[str], Any] = getattr(import_module(module), attribute)
        server: Server = make(image)
        return server
