"""What a deploy needs is not there: it says so, the old version serves, nothing is damaged."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from dokkupy.testing.patience import eventually

from .conftest import EXAMPLES, Done, Root, change, git, make_root, remove_root

pytestmark = [pytest.mark.engine, pytest.mark.slow]

ROOM = "24m"
"""Of the disk that is filled."""


@contextmanager
def deployed(folder: Path) -> Iterator[tuple[Root, Path]]:
    """Make a root with the app `shop`; give it and the app's tree."""
    os.environ.pop("DOKKUPY_ROOT", None)
    root = make_root(folder)
    try:
        root.cli("checks", "set", "--global", "probation", "0.2")
        yield root, root.deployed(EXAMPLES / "probe", "shop", VERSION="old")[1]
    finally:
        remove_root(root)


def serves(root: Root) -> str:
    return root.get("shop.localhost").body


def assert_refused(done: Done, *words: str) -> None:
    assert done.code != 0
    assert any(word in done.err for word in words), done.err
    assert "Traceback" not in done.err
    assert "dokkupy itself failed" not in done.err


def assert_sound(root: Root) -> None:
    """Fail unless the store is whole and one deployed app is all there is."""
    with closing(sqlite3.connect(root.path / "state.db")) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert store.execute("SELECT * FROM rollouts WHERE finished_at = 0").fetchall() == []
        instances = store.execute("SELECT reference, host FROM instances").fetchall()
        addresses = store.execute("SELECT address FROM addresses").fetchall()
    assert len(instances) == 1
    assert [(host,) for _, host in instances] == addresses
    assert root.containers("shop") == [instances[0][0]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Root, Path]]:
    with deployed(tmp_path_factory.mktemp("obstacles")) as made:
        yield made


def test_an_nginx_that_refuses_its_configuration(
    shop: tuple[Root, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, tree = shop
    before = serves(root)
    nginx = tmp_path / "nginx"
    nginx.write_text("#!/bin/sh\necho '[emerg] mmap() failed: no memory' >&2\nexit 1\n")
    nginx.chmod(0o755)
    change(tree, VERSION="refused")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        assert_refused(root.push(tree, "shop", code=1), "mmap() failed: no memory")
    assert serves(root) == before
    assert_sound(root)
    root.push(tree, "shop")
    assert serves(root) == "version refused\n"


def test_a_port_that_somebody_else_has_taken(shop: tuple[Root, Path]) -> None:
    root, tree = shop
    before = serves(root)
    root.cli("down")
    with socket.create_server(("0.0.0.0", root.port)):
        done = root.cli("up", code=None)
        assert_refused(done, str(root.port))
        change(tree, VERSION="homeless")
        assert_refused(root.push(tree, "shop", code=1), str(root.port))
    root.cli("up")
    assert serves(root) == before
    assert_sound(root)


def test_a_store_that_somebody_holds(shop: tuple[Root, Path]) -> None:
    root, tree = shop
    before = serves(root)
    change(tree, VERSION="locked out")
    with closing(sqlite3.connect(root.path / "state.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        assert_refused(root.push(tree, "shop", code=1), "locked")
        assert serves(root) == before
        holder.execute("ROLLBACK")
    assert_sound(root)
    root.push(tree, "shop")
    assert serves(root) == "version locked out\n"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give the folder of a root that is a disk of its own; the app's tree lies beside it."""
    folder = tmp_path / "root"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", folder], check=True)
    yield folder
    eventually(lambda: subprocess.run(["umount", folder], check=False).returncode == 0)


@contextmanager
def nearly_full(disk: Path, free: int) -> Iterator[None]:
    """Leave only so many bytes for the time of a block."""
    filler = disk / "filler"
    found = os.statvfs(disk)
    try:
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - free)
        yield
    finally:
        filler.unlink()


def test_a_disk_that_is_full_to_the_last_kilobytes(small_disk: Path) -> None:
    with deployed(small_disk.parent) as (root, tree):
        before, kib = serves(root), 0
        while True:
            new = change(tree, VERSION=f"with {kib} KiB")
            with nearly_full(small_disk, kib * 1024):
                done = push(tree, root)
                served = serves(root)
            root.cli("up")
            assert_sound(root)
            # The room may have ended after the switch: then the new version stays.
            went_live = branch(root) == new
            assert served == serves(root) == (f"version with {kib} KiB\n" if went_live else before)
            if done.code == 0:
                break
            assert_refused(done, "full", "No space left", "disk I/O error")
            kib, before = kib * 2 or 8, served
        assert went_live
        assert kib > 8


def branch(root: Root) -> str:
    return git(root.path / "git" / "shop.git", "rev-parse", "main").strip()


def push(tree: Path, root: Root) -> Done:
    """Push without asking the root where to: its store may not even be read."""
    there = str(root.path / "git" / "shop.git")
    done = subprocess.run(
        ["git", "-C", str(tree), "push", there, "main"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)
