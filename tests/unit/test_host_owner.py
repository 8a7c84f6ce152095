"""The super-user at somebody else's root: he becomes its owner, wherever the root is named."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy.host.reach import barrier, installed

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only the super-user can become somebody else"),
    pytest.mark.skipif(
        os.geteuid() == 0 and any(map(barrier, installed())),
        reason="this dokkupy lies where only root can run it",
    ),
]
NOBODY = pwd.getpwnam("nobody")


def dokkupy(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "dokkupy", *words],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        umask=0o077,
        check=False,
    )


@pytest.fixture
def root() -> Iterator[Path]:
    """Give a root of nobody's."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = Path(folder) / "root"
        made = dokkupy("--root", str(root), "init", HOME=folder)
        assert made.returncode == 0, made.stderr
        for path in (root, *root.rglob("*")):
            os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        yield root


@pytest.mark.parametrize(
    "words",
    [
        ("--root", "ROOT", "config", "set", "--global", "A=1"),
        ("config", "--root", "ROOT", "set", "--global", "A=1"),
        ("config", "set", "--global", "A=1", "--root", "ROOT"),
        ("config:set", "--global", "A=1", "--root=ROOT"),
    ],
)
def test_nothing_of_roots_is_left_wherever_the_root_is_named(
    root: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = dokkupy(*(word.replace("ROOT", str(root)) for word in words), HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    shown = dokkupy("config", "get", "--global", "A", "--root", str(root), HOME=str(tmp_path))
    assert shown.stdout == "1\n"
    assert {path.lstat().st_uid for path in (root, *root.rglob("*"))} == {NOBODY.pw_uid}


def test_completion_and_help_leave_nothing_of_roots(root: Path, tmp_path: Path) -> None:
    words = ("--root", str(root), "apps", "report", "")
    completed = dokkupy(*words, HOME=str(tmp_path), _DOKKUPY_COMPLETE="1")
    assert completed.returncode == 0, completed.stderr
    assert dokkupy("--root", str(root), "apps", "--help", HOME=str(tmp_path)).returncode == 0
    assert {path.lstat().st_uid for path in (root, *root.rglob("*"))} == {NOBODY.pw_uid}


def test_the_folders_of_roots_own_session_do_not_go_along(root: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    own = {name: str(tmp_path) for name in ("DOCKER_CONFIG", "TMPDIR", "XDG_CACHE_HOME")}
    done = dokkupy("--root", str(root), "apps", "list", HOME=str(tmp_path), **own)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stranger_learns_whose_it_is(root: Path) -> None:
    os.chown(root / "state.db", 0, 0)
    refused = dokkupy("--root", str(root), "apps", "list")
    assert refused.returncode == 15
    assert f"The dokkupy root {root} belongs to root." in refused.stderr
    assert "sudo dokkupy" in refused.stderr
