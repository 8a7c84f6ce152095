"""What may come next, and the scripts by which shells ask for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dokkupy.cli.completion import candidates
from dokkupy.index import Index
from dokkupy.index_build import build
from dokkupy.names import AppName
from dokkupy.operations.completion import SCRIPTS
from dokkupy.paths import Paths
from dokkupy.plugins import Selection
from dokkupy.store import Store

if TYPE_CHECKING:
    from tests.unit.conftest import Site

PLUGIN = """
    @hookimpl
    def register_operations():
        return {"probe": "probe_probe.operations"}
"""
OPERATIONS = """
    from typing import Literal
    from dokkupy import operation
    from dokkupy.names import AppName, Scope

    @operation(summary="Paint it")
    def paint(platform, scope: Scope, *, colour: Literal["red", "blue"] = "red", wet: bool = True):
        pass

    @operation(summary="Print it", default=True)
    def print_(platform, apps: list[AppName]):
        pass
"""


@pytest.fixture
def index(site: Site) -> Index:
    site.install("probe", PLUGIN, operations=OPERATIONS)
    return build(Selection(only=frozenset({"probe"})))[0]


@pytest.fixture
def root(paths: Paths) -> Path:
    store = Store(paths.state_db)
    for name in ("hello", "help", "world"):
        store.apps.create(AppName(name))
    store.close()
    return paths.root


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["prob"], ["probe"]),
        (["probe", ""], ["hello", "help", "paint", "print", "world"]),
        (["probe", "pa"], ["paint"]),
        (["probe:pa"], ["probe:paint"]),
        (["probe:"], ["probe:paint", "probe:print"]),
        (["probe", "paint", "hel"], ["hello", "help"]),
        (["probe:paint", "hel"], ["hello", "help"]),
        (["probe", "hel"], ["hello", "help"]),
        (["probe", "paint", "--g"], ["--global"]),
        (
            ["probe", "paint", "hello", "--"],
            ["--colour", "--debug", "--json", "--no-wet", "--root"],
        ),
        (["probe", "paint", "hello", "--colour", ""], ["blue", "red"]),
        (["probe", "paint", "--colour", "red", "w"], ["world"]),
        (["probe", "paint", ""], ["--global", "hello", "help", "world"]),
        (["probe", "paint", "hello", ""], []),
        (["probe", "print", "hello", "w"], ["world"]),
        (["--json", "probe", "paint", "w"], ["world"]),
        (["nonsense", ""], []),
        (["--r"], ["--root"]),
    ],
)
def test_the_words_that_can_come_next(
    index: Index, root: Path, words: list[str], expected: list[str]
) -> None:
    assert [line.partition("\t")[0] for line in candidates(index, root, words)] == expected


def test_a_word_comes_with_its_summary(index: Index, root: Path) -> None:
    assert candidates(index, root, ["probe", "pai"]) == ["paint\tPaint it"]


def test_nothing_typed_offers_every_noun_and_lone_verb(index: Index, root: Path) -> None:
    offered = {line.partition("\t")[0] for line in candidates(index, root, [""])}
    assert {"apps", "probe", "rollback", "logs"} <= offered


def test_without_a_root_the_words_are_still_there(index: Index, tmp_path: Path) -> None:
    assert candidates(index, tmp_path / "nowhere", ["probe", "paint", ""]) == ["--global\tall apps"]
    assert candidates(index, tmp_path / "nowhere", ["probe", "pa"]) == ["paint\tPaint it"]


@pytest.fixture
def shell(
    index: Index, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], list[str]]:
    """Give a function that runs a program of a shell with the command and root at hand."""
    assert index.complete
    command = tmp_path / "bin" / "dokkupy"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m dokkupy "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.setenv("DOKKUPY_ROOT", str(root))
    monkeypatch.setenv("DOKKUPY_PLUGINS", "probe")
    monkeypatch.setenv("HOME", str(tmp_path))

    def run(shell: str, program: str) -> list[str]:
        if shutil.which(shell) is None:
            pytest.skip(f"{shell} is not installed")
        done = subprocess.run(
            [shell, "-c", program],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stderr == ""
        return done.stdout.splitlines()

    return run


LINES = [
    ("dokkupy prob", ["probe"]),
    ("dokkupy probe ", ["hello", "help", "paint", "print", "world"]),
    ("dokkupy probe:pa", ["probe:paint"]),
    ("dokkupy probe:paint wo", ["world"]),
    ("dokkupy probe paint --col", ["--colour"]),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_bash_completes_with_the_script(
    shell: Callable[[str, str], list[str]], line: str, expected: list[str]
) -> None:
    typed = f"COMP_LINE={line!r} COMP_POINT={len(line)} _dokkupy\n"
    shown = "printf '%s\\n' \"${COMPREPLY[@]}\""
    found = shell("bash", f"{SCRIPTS['bash']}\n{typed}\n{shown}")
    # bash has parted the word at the colon and wants what follows it.
    assert found == [word.partition(":")[2] or word for word in expected]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_fish_completes_with_the_script(
    shell: Callable[[str, str], list[str]], line: str, expected: list[str]
) -> None:
    found = shell("fish", f"{SCRIPTS['fish']}\ncomplete -C {line!r}")
    assert [word.partition("\t")[0] for word in found] == expected


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_zsh_completes_with_the_script(
    shell: Callable[[str, str], list[str]], line: str, expected: list[str]
) -> None:
    # `compdef` and `_describe` belong to the completion system; the latter takes `word:help`.
    system = 'compdef() { }\n_describe() { print -rl -- "${(@P)2}" }'
    words = " ".join(repr(word) for word in line.split(" "))
    typed = f"words=({words}); CURRENT=${{#words}}; _dokkupy"
    found = shell("zsh", f"{system}\n{SCRIPTS['zsh']}\n{typed}")
    assert len(found) == len(expected)
    for shown, word in zip(found, expected, strict=True):
        assert shown.startswith(word.replace(":", "\\:") + ":")


@pytest.mark.parametrize("shell", sorted(SCRIPTS))
def test_each_script_is_valid_in_its_shell(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run(
        [shell, "-n"], input=SCRIPTS[shell], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
