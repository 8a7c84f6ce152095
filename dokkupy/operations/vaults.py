"""Operations on the places for backups that have a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from dokkupy.operations.registry import Help, Stdin, operation
from dokkupy.services.vaults import VaultName

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.services.s3 import Bucket
    from dokkupy.services.vaults import Folder

LONGEST_SECRET = 1024
NAME = Help("Its name, as backups are sent to it: `--to NAME`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """A bucket or a folder that backups can go to; a secret is never shown."""

    name: str
    url: str
    endpoint: str
    """Empty, as `region` and `access_key` are, for a folder."""
    region: str
    access_key: str


@operation(summary="Name a bucket or a folder that backups can go to")
def add(
    platform: Platform,
    name: Annotated[VaultName, NAME],
    url: Annotated[str, Help("s3://BUCKET, s3://BUCKET/FOLDER, or /FOLDER of this server")],
    *,
    access_key: Annotated[str, Help("Key id; its secret is read from standard input")] = "",
    endpoint: Annotated[str, Help("Address of the server")] = "https://s3.amazonaws.com",
    region: Annotated[str, Help("For servers that want one")] = "",
    stdin: Stdin,
) -> Vault:
    """Keep the address and the keys of a bucket, or a folder, after a look whether it is right.

    A file is written there, read and removed again. Nothing is kept when that fails. A folder
    can be given by whoever is on this server alone; by its name all can send backups to it.

    Raises:
        UsageError: bucket, address or folder is not of its form, or a key is missing.
        Conflict: the name is taken.
        Refused: it cannot be written to.
    """
    from dokkupy.services import vaults
    from dokkupy.services.s3 import Bucket
    from dokkupy.services.vault import try_out

    place: Bucket | Folder
    if url.startswith("/"):
        place = vaults.Folder.parse(url)
    else:
        secret = stdin.stream.read(LONGEST_SECRET).decode("utf-8", "replace").strip()
        place = Bucket.parse(
            url, endpoint=endpoint, region=region, access_key=access_key, secret_key=secret
        )
    try_out(vaults.opened(place), place.url)
    vaults.add(platform, name, place)
    return _shown(name, place)


@operation(
    summary="List the places for backups that have a name",
    name="list",
    reads=True,
    default=True,
    empty="There is none. Backups go to folders, or: dokkupy vaults add NAME s3://BUCKET",
)
def list_(platform: Platform) -> list[Vault]:
    """List them without their secrets."""
    from dokkupy.services import vaults

    return [_shown(name, bucket) for name, bucket in vaults.every(platform).items()]


@operation(summary="Forget a bucket and its keys, or a folder")
def remove(platform: Platform, name: Annotated[VaultName, NAME]) -> None:
    """Forget a place; the backups in it stay there.

    Raises:
        NotFound: nothing has that name.
    """
    from dokkupy.services import vaults

    vaults.remove(platform, name)


def _shown(name: str, place: Bucket | Folder) -> Vault:
    return Vault(
        name=name,
        url=place.url,
        endpoint=getattr(place, "endpoint", ""),
        region=getattr(place, "region", ""),
        access_key=getattr(place, "access_key", ""),
    )
