"""The nouns `git` and `ssh-keys` through the command line."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dokkupy import authorized_keys, entry, git
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.store import Store
from dokkupy.testing.cli import Cli

APP = AppName("hello")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 41 + "Bh"


@pytest.fixture
def hello(root: Path) -> Path:
    """Make the app `hello` with two branches in its repository; return the repository."""
    store = Store(Paths(root).state_db)
    store.apps.create(APP)
    store.close()
    repository = git.ensure_repo(Paths(root), APP)
    for branch in ("main", "dev"):
        stream = (
            f"commit refs/heads/{branch}\ncommitter Ann <ann@localhost> 1700000000 +0000\n"
            f"data <<END\nWork on {branch}\nEND\n"
        )
        subprocess.run(
            ["git", f"--git-dir={repository}", "fast-import", "--quiet"],
            input=stream.encode(),
            check=True,
        )
    return repository


def test_the_remote_is_a_path_and_by_ssh_what_the_root_was_told(cli: Cli, hello: Path) -> None:
    assert cli("git", "remote", "hello", "--json").json == {"path": str(hello), "ssh": None}
    assert cli("git", "remote", "hello").text == f"git remote add dokkupy {hello}\n"
    assert cli("git", "set", "--global", "ssh", "dokkupy@example.com:2222").exit_code == 0
    url = "ssh://dokkupy@example.com:2222/hello"
    assert cli("git", "remote", "hello", "--json").json["ssh"] == url
    assert cli("git:remote", "hello").text == f"git remote add dokkupy {url}\n"
    assert cli("git", "set", "--global", "ssh").exit_code == 0
    assert cli("git", "remote", "hello", "--json").json["ssh"] is None


def test_the_remote_of_an_unknown_app_is_not_found(cli: Cli) -> None:
    assert cli("git", "remote", "hello").exit_code == 3


def test_the_deploy_branch_is_set_and_unset(cli: Cli, hello: Path) -> None:
    done = cli("git", "set", "hello", "deploy-branch", "dev", "--json")
    assert done.json == {"key": "deploy-branch", "value": "dev"}
    assert (hello / "HEAD").read_text() == "ref: refs/heads/dev\n"
    rows = cli("git", "report", "hello", "--json").json
    assert [(row["branch"], row["subject"], row["deploys"]) for row in rows] == [
        ("dev", "Work on dev", True),
        ("main", "Work on main", False),
    ]
    cli("git", "set", "hello", "deploy-branch")
    rows = cli("git", "report", "hello", "--json").json
    assert not any(row["deploys"] for row in rows)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["hello", "deploy-branch", "a..b"], "is not a branch name"),
        (["hello", "deploy-branch", "a\nb"], "is not a branch name"),
        (["hello", "ssh", "d@h"], "is a setting of --global"),
        (["--global", "deploy-branch", "main"], "is a setting of an app"),
        (["--global", "ssh", "a b@host"], "is not an ssh address"),
        (["--global", "autocreate", "maybe"], "autocreate cannot be 'maybe'"),
        (["hello", "colour", "blue"], "'colour'"),
    ],
)
def test_what_cannot_be_set_is_refused(cli: Cli, hello: Path, words: list[str], says: str) -> None:
    done = cli("git", "set", *words)
    assert done.exit_code == 2
    assert says in done.stderr


def test_a_deploy_of_nothing_that_was_pushed_starts_no_job(
    cli: Cli, root: Path, hello: Path
) -> None:
    never = cli("deploy", "hello")
    assert never.exit_code == 2
    assert "dokkupy git remote hello" in never.stderr
    assert cli("deploy", "hello", "--ref", "other").exit_code == 3
    assert not list(Paths(root).jobs.iterdir())


def test_a_key_is_let_in_listed_and_shut_out(cli: Cli, root: Path, tmp_path: Path) -> None:
    authorized = root / "ssh" / "authorized_keys"
    assert cli("ssh-keys", "add", "ann", stdin=f"{KEY} ann@home\n".encode()).exit_code == 0
    file = tmp_path / "bob.pub"
    file.write_text(OTHER)
    assert cli("ssh-keys", "add", "bob", str(file)).exit_code == 0
    rows = cli("ssh-keys", "list", "--json").json
    assert [row["name"] for row in rows] == ["ann", "bob"]
    assert all(row["fingerprint"].startswith("SHA256:") for row in rows)
    assert [line.split()[-1] for line in authorized.read_text().splitlines()] == ["ann", "bob"]
    assert cli("ssh-keys", "remove", "ann").exit_code == 0
    assert cli("ssh-keys", "remove", rows[1]["fingerprint"]).exit_code == 0
    assert authorized.read_text() == ""
    assert cli("ssh-keys", "remove", "ann").exit_code == 3
    assert cli("ssh-keys", "list", "--json").json == []


def test_a_key_that_sshd_cannot_be_told_of_is_not_let_in_and_none_is_lost(
    cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("ssh-keys", "add", "ann", stdin=KEY.encode()).exit_code == 0
    known = cli("ssh-keys", "list", "--json").json

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(entry, "keep", refuse)
    assert cli("ssh-keys", "add", "bob", stdin=OTHER.encode()).exit_code != 0
    assert cli("ssh-keys", "remove", "ann").exit_code != 0
    assert cli("ssh-keys", "list", "--json").json == known
    assert (root / "ssh" / "authorized_keys").read_text().endswith(" ann\n")


def test_nobody_changes_the_keys_while_sshd_is_told_of_them(
    cli: Cli, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, refused = authorized_keys.write, []

    def write(*given: Any) -> None:
        other = sqlite3.connect(Paths(root).state_db, timeout=0, isolation_level=None)
        with contextlib.closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        refused.append(given)
        written(*given)

    monkeypatch.setattr(authorized_keys, "write", write)
    assert cli("ssh-keys", "add", "ann", stdin=KEY.encode()).exit_code == 0
    assert cli("ssh-keys", "remove", "ann").exit_code == 0
    assert len(refused) == 2


def test_a_name_or_a_key_is_let_in_once(cli: Cli) -> None:
    assert cli("ssh-keys", "add", "ann", stdin=KEY.encode()).exit_code == 0
    assert cli("ssh-keys", "add", "ann", stdin=OTHER.encode()).exit_code == 4
    assert cli("ssh-keys", "add", "bob", stdin=KEY.encode()).exit_code == 4


def test_what_is_no_key_is_not_let_in(cli: Cli, tmp_path: Path) -> None:
    assert cli("ssh-keys", "add", "ann").exit_code == 2
    assert cli("ssh-keys", "add", "ann", stdin=b"\xff\x00").exit_code == 2
    assert cli("ssh-keys", "add", 'ann",x', stdin=KEY.encode()).exit_code == 2
    assert cli("ssh-keys", "add", "ann", str(tmp_path)).exit_code == 2
    secret = tmp_path / "shadow"
    secret.write_text("root:s3cret:1:2:3\n")
    told = cli("ssh-keys", "add", "ann", str(secret))
    assert told.exit_code == 2
    assert "s3cret" not in told.stderr + told.text
