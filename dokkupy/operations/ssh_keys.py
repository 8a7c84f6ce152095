"""The operations of the noun `ssh-keys`: who may push and ask for operations by ssh."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from dokkupy import authorized_keys
from dokkupy.authorized_keys import KeyName, PublicKey
from dokkupy.errors import NotFound, UsageError
from dokkupy.operations.registry import Help, Stdin, operation
from dokkupy.platform import unix_user

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.store import SshKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key that may enter."""

    name: str
    fingerprint: str
    added_at: float
    """Seconds since the epoch (UTC)."""

    @classmethod
    def of(cls, row: SshKey) -> Self:
        """Return what is shown of a key in the store."""
        return cls(name=row.name, fingerprint=row.fingerprint, added_at=row.added_at)


@operation(summary="Let a public key in")
def add(
    platform: Platform,
    name: Annotated[KeyName, Help("The name under which its holder acts")],
    keyfile: Annotated[Path | None, Help("The .pub file; without one, standard input")] = None,
    stdin: Stdin | None = None,
) -> Key:
    """Let the holder of a key push and run operations.

    Raises:
        UsageError: what was given holds no public key.
        Conflict: the name or the key is there already.
    """
    key = PublicKey.parse(_read(keyfile, stdin))
    with platform.store.write():
        row = platform.store.keys.add(name, key.fingerprint, str(key))
        _tell_sshd(platform)
    return Key.of(row)


def _read(keyfile: Path | None, stdin: Stdin | None) -> str:
    longest = authorized_keys.LONGEST_KEY + 1
    if keyfile is None:
        return stdin.stream.read(longest).decode("utf-8", "replace") if stdin else ""
    try:
        if not keyfile.is_file():  # a pipe or a device could keep us waiting
            raise UsageError(f"{str(keyfile)!a} is not a file.", hint="Name a .pub file.")
        with keyfile.open("rb") as file:
            return file.read(longest).decode("utf-8", "replace")
    except PermissionError:  # root asked, and dokkupy went on as the owner of its own root
        raise UsageError(
            f"The user {unix_user()} may not read {str(keyfile)!a}.",
            hint=f"Let your shell open it: dokkupy ssh-keys add NAME < {shlex.quote(str(keyfile))}",
        ) from None


@operation(
    summary="List the keys that may enter",
    name="list",
    reads=True,
    default=True,
    empty="No key may enter yet. Let one in: dokkupy ssh-keys add NAME < KEY.pub",
)
def list_(platform: Platform) -> list[Key]:
    """List the keys by name."""
    return [Key.of(row) for row in platform.store.keys.list()]


@operation(summary="Shut a key out")
def remove(
    platform: Platform, key: Annotated[str, Help("Its name or its fingerprint (SHA256:…)")]
) -> None:
    """Shut a key out; what its holder has under way goes on.

    Raises:
        NotFound: there is no such key.
    """
    rows = platform.store.keys.list()
    found = next((row for row in rows if key in (row.name, row.fingerprint)), None)
    if found is None:
        raise NotFound(
            f"There is no key {key!a}.", hint="See which there are: dokkupy ssh-keys list"
        )
    with platform.store.write():
        platform.store.keys.remove(found.name)
        _tell_sshd(platform)


def _tell_sshd(platform: Platform) -> None:
    """Write the file that sshd reads; within the transaction of the change."""
    # After it, one of two changes at a time could write what the other has just made untrue.
    authorized_keys.write(platform.paths, platform.store.keys.list())
