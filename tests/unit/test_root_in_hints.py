"""A root whose name holds a blank, as a shell must be told of it."""

from __future__ import annotations

import errno
import os
import shlex
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy import runner
from dokkupy.cli import owner
from dokkupy.errors import DokkupyError, Refused, StateError
from dokkupy.operations import host
from dokkupy.platform import Platform
from dokkupy.store.database import Database


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "my root").mkdir()
    return tmp_path / "my root"


@pytest.fixture
def platform(root: Path) -> Iterator[Platform]:
    platform = Platform(root)
    Database.create(platform.paths.state_db)
    yield platform
    platform.close()


def test_a_root_without_an_id(root: Path, platform: Platform) -> None:
    with pytest.raises(StateError) as caught:
        _ = platform.root_id
    assert shlex.split(caught.value.hint) == ["dokkupy", "--root", str(root), "init"]


def test_a_disk_that_is_full(root: Path) -> None:
    said = runner._explained(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), root)
    assert f"df -h {shlex.quote(str(root))};" in said.hint


@pytest.mark.parametrize("why", ["disk I/O error", "database is locked"])
def test_a_state_that_cannot_be_used(platform: Platform, why: str) -> None:
    with pytest.raises(StateError) as caught, platform.store.database._explained():
        raise sqlite3.OperationalError(why)
    assert str(platform.paths.state_db) in shlex.split(caught.value.hint)


def test_a_root_that_is_not_to_be_removed_by_mistake(
    root: Path, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dokkupy.host.server.refuse_others", lambda _: None)
    with pytest.raises(Refused) as caught:
        list(host.remove(platform, force=True))
    wanted = ["--root", str(root), "host", "remove", "--force", "--confirm", str(root)]
    assert shlex.split(caught.value.hint) == ["dokkupy", *wanted]


def test_a_root_that_belongs_to_nobody(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = 4_000_000_000
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    stat = os.stat_result((0o40700, 0, 0, 1, nobody, nobody, 0, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda *_, **__: stat)
    with pytest.raises(DokkupyError) as caught:
        owner.become_owner(root, {})
    assert caught.value.hint.endswith(f"chown -R USER {shlex.quote(str(root))}")
