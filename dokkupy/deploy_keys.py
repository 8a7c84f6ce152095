"""The keys with which a root comes to other people's repositories by ssh."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dokkupy import known_hosts
from dokkupy.authorized_keys import PublicKey

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform

NOUN: Final = ("git", "deploy-key")
"""Under which the store keeps them, per app or for the root; they follow the app's name."""
USUAL: Final = ("id_ed25519", "id_ecdsa", "id_rsa")
"""Keys of the user that ssh tries by itself, as long as none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployKey:
    """A pair of keys; `repr` keeps the private one to itself."""

    public: PublicKey
    private: str = field(repr=False)


def find(platform: Platform, scope: str) -> DeployKey | None:
    """Return the key of an app, or of the root when `scope` is empty; None when there is none."""
    kept = platform.store.documents.get(scope, *NOUN)
    if kept is None:
        return None
    return DeployKey(public=PublicKey.parse(kept["public"]), private=kept["private"])


def make(platform: Platform, scope: str) -> DeployKey:
    """Make a new key for an app or the root; the one of before is forgotten."""
    with tempfile.TemporaryDirectory(prefix="key-", dir=platform.paths.run) as folder:
        file = Path(folder) / "key"
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(file)]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL, capture_output=True)
        public, private = file.with_suffix(".pub").read_text(), file.read_text()
    made = DeployKey(public=PublicKey.parse(public), private=private)
    with platform.store.write():
        platform.store.documents.set(
            scope, *NOUN, {"public": str(made.public), "private": made.private}
        )
        told = {"fingerprint": made.public.fingerprint}
        platform.store.events.add("git.key-made", scope, told)
    return made


@contextmanager
def way(platform: Platform, app: AppName) -> Iterator[str]:
    """Give the ssh command that git comes to other repositories with, on behalf of an app.

    It tries the app's key, the root's, and those of the user; hosts have to be known already.
    A private key is in memory alone, for the time of the block.
    """
    keys = [key for scope in (app, "") if (key := find(platform, scope)) is not None]
    descriptors = [_in_memory(key.private) for key in keys]
    try:
        # By the number of this process: ssh closes what it inherits.
        files = [f"/proc/{os.getpid()}/fd/{descriptor}" for descriptor in descriptors]
        if files:
            files += [f"~/.ssh/{name}" for name in USUAL]
        yield shlex.join(["ssh", *known_hosts.options(platform.paths), *_identities(files)])
    finally:
        for descriptor in descriptors:
            with suppress(OSError):
                os.close(descriptor)


def _identities(files: list[str]) -> list[str]:
    return [word for file in files for word in ("-o", f"IdentityFile={file}")]


def _in_memory(text: str) -> int:
    descriptor = os.memfd_create("deploy-key")
    os.fchmod(descriptor, 0o600)  # ssh takes no key that others may read
    os.write(descriptor, text.encode())
    return descriptor
