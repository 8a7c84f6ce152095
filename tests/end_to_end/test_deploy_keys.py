"""ACCEPTANCE C 8: private repositories by ssh, with keys of the app's and of the root's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dokkupy.authorized_keys import PublicKey
from dokkupy.testing.sshd import PrivateSshd

from .conftest import EXAMPLES, Root, change, commit, git
from .test_sources import version, with_submodule

pytestmark = pytest.mark.engine


@dataclass(frozen=True, slots=True)
class Host:
    """An ssh server on loopback that lets chosen keys at its repositories, and nowhere else."""

    folder: Path
    sshd: PrivateSshd

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.sshd.port}"

    @property
    def fingerprint(self) -> str:
        return PublicKey.parse((self.folder / "host.pub").read_text()).fingerprint

    def publish(self, tree: Path, name: str) -> str:
        """Have what a working copy has as a repository, and return its URL."""
        target = self.folder / f"{name}.git"
        git(tree, "clone", "--quiet", "--bare", str(tree), str(target))
        return f"ssh://{self.sshd.address}{target}"

    def let_in(self, public: str) -> None:
        command = 'command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"",restrict'
        with (self.folder / "authorized_keys").open("a") as file:
            file.write(f"{command} {public}\n")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    keys = tmp_path / "authorized_keys"
    keys.touch()
    with PrivateSshd(tmp_path, keys) as sshd:
        yield Host(tmp_path, sshd)


def test_sync_comes_to_a_private_repository_with_the_key_of_the_app_and_to_no_unknown_host(
    root: Root, host: Host
) -> None:
    tree = root.tree(EXAMPLES / "probe")
    change(tree, VERSION="a private one")
    name, url = root.create(), host.publish(tree, "app")

    unknown = root.cli("git", "sync", name, url, code=5).err
    assert f"dokkupy git trust {host.name}" in unknown
    shown = root.cli("git", "trust", host.name, code=5).err
    assert f"dokkupy git trust {host.name} --fingerprint {host.fingerprint}" in shown
    root.cli("git", "trust", host.name, "--fingerprint", "SHA256:other", code=5)
    assert root.cli("git", "sync", name, url, code=5).err == unknown
    root.cli("git", "trust", host.name, "--fingerprint", host.fingerprint)

    stranger = root.cli("git", "sync", name, url, code=5).err
    assert "dokkupy git key APP" in stranger
    host.let_in(root.cli("git", "key", name).out)
    done = root.cli("git", "sync", name, url, "--build")
    assert version(root, name) == "version a private one"
    assert "PRIVATE" not in done.out + done.err + root.cli("events").out
    assert root.cli("git", "key", name).out == root.cli("git", "key", name).out
    # Another app has another key, and a new one is not let in before somebody says so.
    root.cli("git", "sync", root.create(), url, code=5)
    root.cli("git", "key", name, "--renew")
    assert "dokkupy git key APP" in root.cli("git", "sync", name, url, code=5).err


def test_a_private_submodule_comes_with_the_key_of_the_root(root: Root, host: Host) -> None:
    words = root.work / f"private-words-{host.sshd.port}"
    words.mkdir()
    git(words, "init", "--quiet", "--initial-branch=main")
    (words / "VERSION").write_text("from a private submodule")
    made = commit(words, "words")
    url = host.publish(words, "words")
    root.cli("git", "trust", host.name, "--fingerprint", host.fingerprint)
    name, tree = root.create(), with_submodule(root, url, "vendor/words", made)
    refused = root.push(tree, name, code=1).err
    assert "'vendor/words'" in refused
    assert "dokkupy git key APP" in refused
    host.let_in(root.cli("git", "key", "--global").out)
    root.push(tree, name)
    assert version(root, name) == "version from a private submodule"


def test_a_host_that_shows_another_key_than_before_is_refused(root: Root, host: Host) -> None:
    name, url = root.create(), host.publish(root.tree(EXAMPLES / "probe"), "app")
    root.cli("git", "trust", host.name, "--fingerprint", host.fingerprint)
    host.let_in(root.cli("git", "key", name).out)
    root.cli("git", "sync", name, url)
    file = root.path / "ssh" / "known_hosts"
    other = " ".join(host.sshd.make_key("other").with_suffix(".pub").read_text().split()[:2])
    kept = [line for line in file.read_text().splitlines() if host.name.split(":")[1] not in line]
    file.write_text("\n".join([*kept, f"[127.0.0.1]:{host.sshd.port} {other}"]) + "\n")
    refused = root.cli("git", "sync", name, url, code=5).err
    assert "another host key than the one that is trusted" in refused
    assert f"dokkupy git trust {host.name}" in refused
