"""What is known of a backup: kept beside it, and written last."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Final, Self

from dokkupy.errors import NotFound, StateError

if TYPE_CHECKING:
    from dokkupy.services.vault import Vault

FORMAT: Final = 1
SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One backup."""

    id: str
    """When it was begun (UTC), which sorts: `20261122-140000`."""
    noun: str
    service: str
    image: str
    version: str
    """Of the server that was dumped."""
    reason: str
    """`asked`, `schedule`, `destroy` or `upgrade`."""
    began_at: float
    ended_at: float
    size: int
    """Bytes of the dump."""
    stored: int
    """Bytes of the backup: compressed, and sealed if it is."""
    sha256: str
    """Of the backup."""
    sealed: bool
    least: dict[str, int]
    """Rows of each table, the fewest that there were while it was made."""
    most: dict[str, int]
    """The same, the most."""
    format: int = FORMAT

    @property
    def base(self) -> str:
        """The names of its files in a vault, without what follows the id."""
        return f"{prefix(self.noun, self.service)}{self.id}"

    @property
    def data(self) -> str:
        """The name of its data in a vault."""
        return f"{self.base}.dump.gz{'.sealed' if self.sealed else ''}"

    def differences(self, found: dict[str, int]) -> list[str]:
        """Return what is not as it was, in words, for each table."""
        lines = []
        for table in sorted({*self.most, *found}):
            least, most = self.least.get(table, 0), self.most.get(table, 0)
            count = found.get(table)
            if count is None and table in self.least:
                lines.append(f"{table}: missing")
            elif count is not None and not least <= count <= most:
                wanted = f"{least}" if least == most else f"{least} to {most}"
                lines.append(f"{table}: {count} rows, not {wanted}")
        return lines

    def write(self, vault: Vault) -> None:
        """Keep it: from now on the backup counts."""
        text = json.dumps(asdict(self), indent=2).encode()
        vault.put(self.base + SUFFIX, io.BytesIO(text))

    def remove(self, vault: Vault) -> None:
        """Remove the backup."""
        vault.remove(self.base + SUFFIX)
        vault.remove(self.data)

    @classmethod
    def read(cls, vault: Vault, name: str) -> Self:
        """Read one.

        Raises:
            StateError: it is damaged, or of a newer dokkupy.
        """
        with vault.open(name) as file:
            text = file.read()
        try:
            known = {item.name for item in fields(cls)}
            found = cls(**{key: value for key, value in json.loads(text).items() if key in known})
        except (ValueError, TypeError, AttributeError):
            raise StateError(f"{name} does not tell of a backup.") from None
        if found.format != FORMAT:
            raise StateError(f"{name} was made by another dokkupy (format {found.format}).")
        return found


def prefix(noun: str, service: str) -> str:
    """Return what the names of a service's backups begin with."""
    return f"{noun}/{service}/"


def every(vault: Vault, noun: str, service: str) -> list[Manifest]:
    """Return the backups of a service, the oldest first."""
    names = vault.names(prefix(noun, service))
    return [Manifest.read(vault, name) for name in names if name.endswith(SUFFIX)]


def find(vault: Vault, noun: str, service: str, wanted: str) -> Manifest:
    """Return one backup of a service, the newest when none is named.

    Raises:
        NotFound: there is none.
    """
    found = every(vault, noun, service)
    for manifest in reversed(found):
        if wanted in ("", manifest.id):
            return manifest
    raise NotFound(
        f"There is no backup {wanted} of {noun} {service}.".replace("  ", " "),
        hint=f"See which there are: dokkupy {noun} backups {service}",
    )
