"""The places for backups that have a name: buckets with what it takes to get in, and folders."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from dokkupy.errors import Conflict, NotFound, UsageError
from dokkupy.names import Name
from dokkupy.remote import is_far
from dokkupy.services.s3 import Bucket, S3Vault
from dokkupy.services.vault import FolderVault, Vault

if TYPE_CHECKING:
    from dokkupy.platform import Platform

_NOUN: Final = "vaults"


class VaultName(Name):
    """The name of a place for backups."""

    __slots__ = ()
    noun = "vault name"
    pattern = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
    rule = "1 to 63 lower-case letters, digits and dashes, starting with a letter or digit"


class Place(str):
    """Where backups are: a vault by its name, a folder of this server, empty for the usual."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the place that `text` names.

        Raises:
            UsageError: it is no name, or a folder and the caller is not on this server.
        """
        if text.startswith("/"):
            refuse_far("mysql backup DB --to NAME")
        elif text:
            VaultName.parse(text)
        return cls(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of this server, which may well be a disk of its own."""

    path: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the folder that a path leads to.

        Raises:
            UsageError: it is no whole path, or the caller is not on this server.
        """
        refuse_far("vaults add NAME s3://BUCKET")
        if not text.startswith("/") or "\0" in text or ".." in text.split("/"):
            raise UsageError(
                f"{text!a:.120} is no whole path of a folder.", hint="Begin it with a slash."
            )
        return cls(path=text)

    @property
    def url(self) -> str:
        """The path, as `parse` takes it."""
        return self.path


def refuse_far(instead: str) -> None:
    """Let only who is on this server name a folder of it; `instead` is what others may ask.

    Raises:
        UsageError: the caller came by ssh.
    """
    if is_far():
        raise UsageError(
            "A folder of the server cannot be named from afar.",
            hint=f"Use a vault, which somebody on the server gives a name: dokkupy vaults add "
            f"NAME /FOLDER; then: {instead}",
        )


def opened(place: Bucket | Folder) -> Vault:
    """Return what reads and writes at a place."""
    return FolderVault(Path(place.path)) if isinstance(place, Folder) else S3Vault(place)


def add(platform: Platform, name: VaultName, place: Bucket | Folder) -> None:
    """Keep a place under a name, its keys in the state file, which is its owner's alone.

    Raises:
        Conflict: the name is taken.
    """
    with platform.store.write():
        if platform.store.documents.get("", _NOUN, name) is not None:
            raise Conflict(
                f"There is a vault {name} already.", hint=f"Remove it: dokkupy vaults remove {name}"
            )
        platform.store.documents.set("", _NOUN, name, asdict(place))
        platform.store.events.add("vault.added", "", {"vault": name, "url": place.url})


def get(platform: Platform, name: str) -> Bucket | Folder:
    """Return the place of a name.

    Raises:
        NotFound: nothing has that name.
    """
    kept = platform.store.documents.get("", _NOUN, name)
    if kept is None:
        raise NotFound(
            f"There is no vault {name!a:.80}.",
            hint="See which there are: dokkupy vaults list; a folder begins with /",
        )
    return _read(kept)


def every(platform: Platform) -> dict[str, Bucket | Folder]:
    """Return name -> place."""
    kept = platform.store.documents.keys("", _NOUN)
    return {name: _read(value) for name, value in kept.items()}


def remove(platform: Platform, name: str) -> None:
    """Forget a place and its keys; what is in it stays.

    Raises:
        NotFound: nothing has that name.
    """
    get(platform, name)
    with platform.store.write():
        platform.store.documents.unset("", _NOUN, name)
        platform.store.events.add("vault.removed", "", {"vault": name})


def _read(kept: dict[str, Any]) -> Bucket | Folder:
    return Folder(**kept) if "path" in kept else Bucket(**kept)
