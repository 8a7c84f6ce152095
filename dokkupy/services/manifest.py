"""What is known of a backup: kept beside it, and written last."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Final, Self

from dokkupy.errors import NotFound, StateError

if TYPE_CHECKING:
    from dokkupy.services.vault import Vault

FORMAT: Final = 1
SUFFIX: Final = ".json"
AHEAD_SECONDS: Final = 3600.0
"""What is dated further ahead was made while the clock was wrong, and so before now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One backup."""

    id: str
    """When it was begun (UTC): `20261122-140000`, with `-2` for a second one of that moment."""
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
    """Rows of each table, the fewest that it may hold."""
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
        if not found._is_sound or found.base + SUFFIX != name:
            raise StateError(f"{name} does not tell of the backup that is there.")
        return found

    @property
    def _is_sound(self) -> bool:
        """Whether its values are what they are declared to be: others may write to a vault."""
        counts = [self.least, self.most]
        texts = (self.id, self.noun, self.service, self.version, self.reason, self.sha256)
        return (
            all(isinstance(text, str) for text in texts)
            and all(isinstance(moment, (int, float)) for moment in (self.began_at, self.ended_at))
            and all(isinstance(size, int) for size in (self.size, self.stored))
            and all(isinstance(one, dict) for one in counts)
            and all(isinstance(count, int) for one in counts for count in one.values())
        )


def bounds(
    before: Mapping[str, int], after: Mapping[str, int], dumped: Mapping[str, int]
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the fewest and the most rows that each table of a dump may have.

    They were counted before and after it was made, and as far as possible (`dumped`) in itself:
    the rows of a queue come and go, so that there may be more or fewer in it than at either end.
    """
    least: dict[str, int] = {}
    most: dict[str, int] = {}
    for table in before.keys() | after.keys() | dumped.keys():
        counts = [one[table] for one in (before, after, dumped) if table in one]
        most[table] = max(counts)
        # One that came or went meanwhile may be there or not, unless it was seen in the dump.
        if table in dumped or len(counts) > 1:
            least[table] = min(counts)
    return least, most


def prefix(noun: str, service: str) -> str:
    """Return what the names of a service's backups begin with."""
    return f"{noun}/{service}/"


def every(vault: Vault, noun: str, service: str) -> list[Manifest]:
    """Return the backups of a service that can be read, the oldest first."""
    return readable(vault, noun, service)[0]


def readable(vault: Vault, noun: str, service: str) -> tuple[list[Manifest], list[str]]:
    """Return the backups of a service, the oldest first, and the ids of those of no use."""
    found: list[Manifest] = []
    unreadable: list[str] = []
    base = prefix(noun, service)
    for name in vault.names(base):
        if not name.endswith(SUFFIX):
            continue
        try:
            found.append(Manifest.read(vault, name))
        except NotFound:  # it was thinned out this moment
            continue
        except StateError:
            unreadable.append(name.removeprefix(base).removesuffix(SUFFIX))
    until = time.time() + AHEAD_SECONDS
    found.sort(key=lambda one: (one.began_at <= until, one.began_at, one.id))
    return found, unreadable


def free_id(vault: Vault, noun: str, service: str, now: float) -> str:
    """Return an id for a backup that is begun now, which no other has."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    base = prefix(noun, service)
    taken = {name.removeprefix(base).partition(".")[0] for name in vault.names(base + stamp)}
    place = 1
    while (made := stamp if place == 1 else f"{stamp}-{place}") in taken:
        place += 1
    return made


def find(vault: Vault, noun: str, service: str, wanted: str) -> Manifest:
    """Return one backup of a service, the newest when none is named.

    Raises:
        NotFound: there is none.
        StateError: it cannot be read, or which is the newest is not certain.
    """
    found, unreadable = readable(vault, noun, service)
    newest = max((one for one in unreadable if wanted in ("", one)), default="")
    for manifest in reversed(found):
        if wanted in ("", manifest.id):
            if newest <= manifest.id:
                return manifest
            break
    if newest:
        raise StateError(
            f"The backup {newest} of {noun} {service} cannot be read.",
            hint=f"Name another one, as they are listed: dokkupy {noun} backups {service}",
        )
    raise NotFound(
        f"There is no backup {wanted} of {noun} {service}.".replace("  ", " "),
        hint=f"See which there are: dokkupy {noun} backups {service}",
    )
