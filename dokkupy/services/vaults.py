"""The places for backups that have a name: buckets, with what it takes to get in."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from dokkupy.errors import Conflict, NotFound
from dokkupy.names import Name
from dokkupy.services.s3 import Bucket

if TYPE_CHECKING:
    from dokkupy.platform import Platform

_NOUN: Final = "vaults"


class VaultName(Name):
    """The name of a place for backups."""

    __slots__ = ()
    noun = "vault name"
    pattern = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
    rule = "1 to 63 lower-case letters, digits and dashes, starting with a letter or digit"


def add(platform: Platform, name: VaultName, bucket: Bucket) -> None:
    """Keep a bucket under a name, its keys in the state file, which is its owner's alone.

    Raises:
        Conflict: the name is taken.
    """
    with platform.store.write():
        if platform.store.documents.get("", _NOUN, name) is not None:
            raise Conflict(
                f"There is a vault {name} already.", hint=f"Remove it: dokkupy vaults remove {name}"
            )
        platform.store.documents.set("", _NOUN, name, asdict(bucket))
        platform.store.events.add("vault.added", "", {"vault": name, "url": bucket.url})


def get(platform: Platform, name: str) -> Bucket:
    """Return the bucket of a name.

    Raises:
        NotFound: nothing has that name.
    """
    kept = platform.store.documents.get("", _NOUN, name)
    if kept is None:
        raise NotFound(
            f"There is no vault {name!a:.80}.",
            hint="See which there are: dokkupy vaults list; a folder begins with /",
        )
    return Bucket(**kept)


def every(platform: Platform) -> dict[str, Bucket]:
    """Return name -> bucket."""
    kept = platform.store.documents.keys("", _NOUN)
    return {name: Bucket(**value) for name, value in kept.items()}


def remove(platform: Platform, name: str) -> None:
    """Forget a bucket and its keys; what is in it stays.

    Raises:
        NotFound: nothing has that name.
    """
    get(platform, name)
    with platform.store.write():
        platform.store.documents.unset("", _NOUN, name)
        platform.store.events.add("vault.removed", "", {"vault": name})
