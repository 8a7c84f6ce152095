"""Where backups are kept: anything that holds named streams of bytes."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Protocol

from dokkupy.errors import NotFound, Refused

if TYPE_CHECKING:
    from dokkupy.platform import Platform

_PIECE: Final = 1024 * 1024


class Vault(Protocol):
    """A place of files with names like `mysql/db/20261122-140000.json`.

    Contract: `dokkupy.testing.suites.VaultContract`. Every method may raise `Refused`.
    """

    def put(self, name: str, source: IO[bytes]) -> None:
        """Keep all of a stream under a name, or nothing of it when reading it fails."""
        ...

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Give what is kept under a name as a stream.

        Raises:
            NotFound: there is nothing.
        """
        ...

    def names(self, prefix: str) -> list[str]:
        """Return the names that begin with `prefix`, sorted."""
        ...

    def remove(self, name: str) -> None:
        """Forget a name; a missing one is fine."""
        ...


class FolderVault:
    """A folder of this host; files appear in it whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, source: IO[bytes]) -> None:
        file = self._folder / name
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            _make(file.parent)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as target:
                shutil.copyfileobj(source, target, _PIECE)
                target.flush()
                os.fsync(target.fileno())
            fresh.replace(file)
        except OSError as error:
            raise self._refusal(error) from error
        finally:
            with suppress(OSError):
                fresh.unlink()

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        try:
            file = (self._folder / name).open("rb")
        except FileNotFoundError:
            raise NotFound(f"There is no {name} in {self._folder}.") from None
        except OSError as error:
            raise self._refusal(error) from error
        with file:
            yield file

    def names(self, prefix: str) -> list[str]:
        found: list[str] = []
        top = self._folder / prefix.rpartition("/")[0]
        try:
            for folder, _, files in os.walk(top, onerror=_raise_unless_gone):
                found += (str(Path(folder, file).relative_to(self._folder)) for file in files)
        except OSError as error:
            raise self._refusal(error) from error
        return sorted(name for name in found if name.startswith(prefix) and "/." not in name)

    def remove(self, name: str) -> None:
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: OSError) -> Refused:
        return Refused(
            f"Backups cannot be kept in {self._folder}: {error.strerror or error}.",
            hint=f"See whether there is room and whose it is: df -h {self._folder}; "
            f"ls -ld {self._folder}",
        )


def open_vault(platform: Platform, place: str) -> Vault:
    """Return the vault at a place: a folder, or one by its name; empty for the root's own.

    Raises:
        NotFound: nothing has that name.
    """
    if not place:
        return FolderVault(own_folder(platform))
    if place.startswith("/"):
        return FolderVault(Path(place))
    from dokkupy.services import vaults

    return vaults.opened(vaults.get(platform, place))


def try_out(vault: Vault, where: str) -> None:
    """See whether a vault can be listed, written to and read.

    Raises:
        Refused: it cannot; the message says why.
    """
    probe = ".dokkupy-check"
    vault.names(probe)
    vault.put(probe, io.BytesIO(b"dokkupy"))
    try:
        with vault.open(probe) as source:
            if source.read() != b"dokkupy":
                raise Refused(f"{where} gives back something else than was kept.")
    finally:
        vault.remove(probe)


def own_folder(platform: Platform) -> Path:
    """Return the root's own folder for backups."""
    return platform.paths.root / "backups"


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _make(folder: Path) -> None:
    """Make a folder and those above it, open to their owner alone where they are new."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
