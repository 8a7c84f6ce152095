"""Pushing by ssh: a private sshd on loopback, and a new key that a root lets in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from benchmarks.arena import Arena
from dokkupy.testing.sshd import PrivateSshd


@contextmanager
def ssh_access(root: Arena) -> Iterator[Mapping[str, str]]:
    """Serve a root by ssh; give the environment in which git uses the key."""
    keys = root.root / "ssh" / "authorized_keys"
    with PrivateSshd(root.folder / "ssh", keys) as server:
        key = server.make_key("benchmark")
        root.run("ssh-keys", "add", "benchmark", f"{key}.pub")
        root.run("git", "set", "--global", "ssh", server.address)
        yield {"GIT_SSH_COMMAND": server.git_command(key)}
