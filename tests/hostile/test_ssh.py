"""What a key's holder asks for by ssh: git for one app, or an operation on one root."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import strategies as st

from dokkupy import jobs, ssh
from dokkupy.errors import DokkupyError
from dokkupy.names import AppName

from .budget import hostile
from .claims import assert_explained
from .commands import command_lines
from .seal import Seal
from .test_operations import Visited, visited
from .texts import anything, known, near
from .world import BARE, LIVE, World

__all__ = ["visited"]

pytestmark = pytest.mark.timeout(3600)

git = st.sampled_from(
    [
        "git-receive-pack", "git-upload-pack", "git-upload-archive", "git receive-pack",
        "git-receive-pack --", "git-shell -c", "git-lfs-authenticate", "scp -t", "sftp-server",
        "rsync --server", "sh -c", "python -c", "env", "",
    ]
)  # fmt: skip
apps = st.sampled_from([BARE, LIVE, f"/{LIVE}.git", f"'{BARE}'", "new-app", "..", "/", "shop.git"])
quoted = anything.map(shlex.quote) | known | apps | near("abc'\"\\")
asked_of_git = st.tuples(git, st.lists(quoted, max_size=3).map(" ".join)).map(" ".join)
asked_carefully = command_lines().map(shlex.join)
asked_carelessly = command_lines().map(" ".join)
spoiled = st.tuples(asked_carefully, known).map("".join)
asked = st.one_of(asked_of_git, asked_carefully, asked_carelessly, spoiled, anything)


class StandInJob:
    """Stands for the runner that a push starts early."""

    def bequeath(self) -> str:
        return "7 1 /nowhere"


class Became(Exception):
    """The forced command turned into another program."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        super().__init__(command)
        self.command, self.environment = command, environment


class Creating:
    """Stands for the programs that the forced command starts: it may make an app."""

    DEVNULL = subprocess.DEVNULL

    def __init__(self, world: World) -> None:
        self._world = world

    def run(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        *start, app = command
        assert start == ssh.command_line(self._world.root, ["apps", "create"])
        assert AppName.parse(app) == app
        platform = self._world.platform()
        platform.store.apps.create(AppName(app))
        platform.close()
        return subprocess.CompletedProcess(command, 0)


def operate(root: Path, words: list[str], environment: Mapping[str, str]) -> NoReturn:
    raise Became(["dokkupy", "--root", str(root), *words], environment)


def become(command: list[str], environment: Mapping[str, str]) -> NoReturn:
    raise Became(command, environment)


def command_for(world: World, text: str, patch: pytest.MonkeyPatch) -> Became | None:
    """Return what the forced command becomes, None when it refuses."""
    patch.setenv("SSH_ORIGINAL_COMMAND", text)
    patch.setenv("LD_PRELOAD", "/tmp/evil.so")
    patch.setattr(sys, "argv", [str(world.root / "ssh" / "entry"), "ann"])
    patch.setattr(ssh, "become", become)
    patch.setattr(ssh, "operate", operate)
    patch.setattr(jobs, "start", lambda *_: StandInJob())
    patch.setattr(ssh, "subprocess", Creating(world))
    try:
        ssh.main()
    except Became as became:
        return became
    except SystemExit as end:
        code = end.code
    assert code in range(1, 16)
    return None


def assert_allowed(world: World, became: Became) -> None:
    """Fail unless it is git on the repository of one app, or dokkupy on this root."""
    root = str(world.root)
    if became.command[0] == "git":
        verb, repository = became.command[1:]
        assert verb in ("receive-pack", "upload-pack")
        app = repository.removeprefix(f"{root}/git/").removesuffix(".git")
        assert repository == f"{root}/git/{AppName.parse(app)}.git"
        assert "GIT_PROTOCOL" in became.environment
    else:
        assert became.command[:3] == ["dokkupy", "--root", root]
    assert became.environment["DOKKUPY_ROOT"] == root
    assert became.environment["DOKKUPY_ACTOR"] == "ann"
    assert "LD_PRELOAD" not in became.environment


@hostile(5, text=asked.filter(lambda text: "\0" not in text))
def test_a_session_becomes_git_or_an_operation_or_is_refused(
    visited: Visited,
    seal: Seal,
    capfd: pytest.CaptureFixture[str],
    text: str,
) -> None:
    world = visited.world
    with visited.mended():
        with pytest.MonkeyPatch.context() as patch, seal.over(world.folder):
            became = command_for(world, text, patch)
        said = capfd.readouterr()
        assert said.out == ""
        if became is None:
            cause, remedy, *rest = said.err.split("\n")
            assert rest == [""]
            assert_explained(DokkupyError(cause, hint=remedy))
            visited.assert_as_before()
            return
        assert_allowed(world, became)
        if became.command[0] == "git":
            return
        visited.assert_as_before()
    visited.ask(became.command[3:], b"")
