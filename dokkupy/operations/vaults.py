"""Operations on the places for backups outside of this server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from dokkupy.operations.registry import Help, Stdin, operation
from dokkupy.services.vaults import VaultName

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.services.s3 import Bucket

LONGEST_SECRET = 1024
NAME = Help("Its name, as backups are sent to it: `--to NAME`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """A bucket that backups can go to; its secret is never shown."""

    name: str
    url: str
    endpoint: str
    region: str
    access_key: str


@operation(summary="Name a bucket that backups can go to")
def add(
    platform: Platform,
    name: Annotated[VaultName, NAME],
    url: Annotated[str, Help("s3://BUCKET or s3://BUCKET/FOLDER")],
    *,
    access_key: Annotated[str, Help("Key id; its secret is read from standard input")],
    endpoint: Annotated[str, Help("Address of the server")] = "https://s3.amazonaws.com",
    region: Annotated[str, Help("For servers that want one")] = "",
    stdin: Stdin,
) -> Vault:
    """Keep the address and the keys of a bucket, after a look whether they are right.

    A file is written to the bucket, read and removed again. Nothing is kept when that fails.

    Raises:
        UsageError: the bucket or the address is not of its form, or a key is missing.
        Conflict: the name is taken.
        Refused: the bucket cannot be written to.
    """
    from dokkupy.services import vaults
    from dokkupy.services.s3 import Bucket, S3Vault

    secret = stdin.stream.read(LONGEST_SECRET).decode("utf-8", "replace").strip()
    bucket = Bucket.parse(
        url, endpoint=endpoint, region=region, access_key=access_key, secret_key=secret
    )
    S3Vault(bucket).check()
    vaults.add(platform, name, bucket)
    return _shown(name, bucket)


@operation(
    summary="List the buckets that backups can go to",
    name="list",
    reads=True,
    default=True,
    empty="There is none. Backups go to folders, or: dokkupy vaults add NAME s3://BUCKET",
)
def list_(platform: Platform) -> list[Vault]:
    """List them without their secrets."""
    from dokkupy.services import vaults

    return [_shown(name, bucket) for name, bucket in vaults.every(platform).items()]


@operation(summary="Forget a bucket and its keys")
def remove(platform: Platform, name: Annotated[VaultName, NAME]) -> None:
    """Forget a bucket; the backups in it stay there.

    Raises:
        NotFound: nothing has that name.
    """
    from dokkupy.services import vaults

    vaults.remove(platform, name)


def _shown(name: str, bucket: Bucket) -> Vault:
    return Vault(
        name=name,
        url=bucket.url,
        endpoint=bucket.endpoint,
        region=bucket.region,
        access_key=bucket.access_key,
    )
