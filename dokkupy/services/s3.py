"""Backups in a bucket of S3-compatible storage.

The client library is an extra, `dokkupy[s3]`, and is imported when a bucket is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final, Self, cast
from urllib.parse import urlsplit

from dokkupy.errors import NotFound, PluginError, Refused, UsageError

if TYPE_CHECKING:
    from minio import Minio

PART: Final = 8 * 1024 * 1024
"""Bytes of one part of an upload: what is held in memory, and 80 GB at most in all."""
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket, or a folder in one, and how to get in."""

    endpoint: str
    """`https://s3.example.com`; plain http is for this host alone."""
    bucket: str
    prefix: str
    """Empty, or ends with a slash."""
    region: str
    access_key: str
    secret_key: str = field(repr=False)

    @classmethod
    def parse(
        cls, url: str, *, endpoint: str, region: str, access_key: str, secret_key: str
    ) -> Self:
        """Read `s3://BUCKET[/FOLDER]` and the address of its server.

        Raises:
            UsageError: one of them is not of that form.
        """
        scheme, _, rest = url.partition("://")
        bucket, _, folder = rest.partition("/")
        prefix = f"{folder.rstrip('/')}/" if folder.strip("/") else ""
        if scheme != "s3" or not _BUCKET.fullmatch(bucket) or not _PREFIX.fullmatch(prefix):
            raise UsageError(
                f"{url!a:.120} names no bucket.",
                hint="Write it as s3://BUCKET or s3://BUCKET/FOLDER.",
            )
        if not (access_key.isascii() and access_key.isprintable() and access_key and secret_key):
            raise UsageError(
                "A bucket needs an access key and, on standard input, its secret.",
                hint="dokkupy vaults add NAME s3://BUCKET --access-key KEY < FILE",
            )
        return cls(
            endpoint=_checked(endpoint),
            bucket=bucket,
            prefix=prefix,
            region=region,
            access_key=access_key,
            secret_key=secret_key,
        )

    @property
    def url(self) -> str:
        """The bucket and the folder in it, as `parse` takes them."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


def _checked(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    here = parts.hostname in ("127.0.0.1", "::1", "localhost")
    plain = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    safe = parts.scheme == "https" or (parts.scheme == "http" and here)
    if not (parts.hostname and plain and safe):
        raise UsageError(
            f"{endpoint!a:.120} is no address of a storage server.",
            hint="Write it as https://HOST or https://HOST:PORT.",
        )
    return f"{parts.scheme}://{parts.netloc}"


class S3Vault:
    """A bucket; an upload that is not finished leaves nothing that is seen."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._made: Minio | None = None

    def put(self, name: str, source: IO[bytes]) -> None:
        """Keep all of a stream under a name, or nothing of it when reading it fails."""
        with self._explained():
            stream = cast("BinaryIO", source)
            self._client.put_object(
                self._bucket.bucket, self._bucket.prefix + name, stream, -1, part_size=PART
            )

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Give what is kept under a name as a stream."""
        with self._explained(name):
            answer: Any = self._client.get_object(self._bucket.bucket, self._bucket.prefix + name)
        try:
            # Errors of the connection while it is read belong to whoever reads.
            with self._explained(name):
                yield answer
        finally:
            answer.close()
            answer.release_conn()

    def names(self, prefix: str) -> list[str]:
        """Return the names that begin with `prefix`, sorted."""
        mine = self._bucket.prefix
        with self._explained():
            found = self._client.list_objects(
                self._bucket.bucket, prefix=mine + prefix, recursive=True
            )
            return sorted((one.object_name or "").removeprefix(mine) for one in found)

    def remove(self, name: str) -> None:
        """Forget a name; a missing one is fine."""
        with self._explained():
            self._client.remove_object(self._bucket.bucket, self._bucket.prefix + name)

    @property
    def _client(self) -> Minio:
        if self._made is None:
            try:
                import urllib3
                from minio import Minio
            except ImportError as error:
                raise PluginError(
                    "The client for S3-compatible storage is not installed.",
                    hint="Install it: pip install 'dokkupy[s3]'",
                ) from error
            parts = urlsplit(self._bucket.endpoint)
            patience = urllib3.Timeout(connect=10, read=120)
            again = urllib3.Retry(total=3, backoff_factor=0.5, status_forcelist=(502, 503, 504))
            self._made = Minio(
                parts.netloc,
                access_key=self._bucket.access_key,
                secret_key=self._bucket.secret_key,
                secure=parts.scheme == "https",
                region=self._bucket.region or None,
                http_client=urllib3.PoolManager(timeout=patience, retries=again, maxsize=4),
            )
        return self._made

    @contextmanager
    def _explained(self, name: str = "") -> Iterator[None]:
        from minio.error import MinioException, S3Error
        from urllib3.exceptions import HTTPError

        try:
            yield
        except S3Error as error:
            if error.code in ("NoSuchKey", "NoSuchObject") and name:
                raise NotFound(f"There is no {name} in {self._bucket.url}.") from None
            raise self._refusal(f"{error.code}: {error.message}") from error
        except (MinioException, HTTPError) as error:
            raise self._refusal(str(error)) from error

    def _refusal(self, why: str) -> Refused:
        return Refused(
            f"The storage {self._bucket.url} at {self._bucket.endpoint} does not do it.",
            hint="Check bucket, keys and address: dokkupy vaults list",
            detail=why,
        )
