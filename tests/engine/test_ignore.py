from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.engine_docker import ignore

TREE = (
    "README.md",
    "app.py",
    "app.pyc",
    "build/out/a.o",
    "build/readme.md",
    "deep/er/node_modules/x/index.js",
    "node_modules/y.js",
    "src/[a].txt",
    "src/b.txt",
    "src/sub/b.txt",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def files(tree: Path, text: str) -> set[str]:
    return {name for name in ignore.kept(tree, ignore.parse(text)) if (tree / name).is_file()}


def without(*names: str) -> set[str]:
    return set(TREE) - set(names)


NODE = ("deep/er/node_modules/x/index.js", "node_modules/y.js")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", set(TREE)),
        ("# app.py\n\n  \n", set(TREE)),
        (".\n!\n", set(TREE)),
        ("app.py", without("app.py")),
        ("/app.py", without("app.py")),
        ("./app.py/", without("app.py")),
        ("nowhere/../app.py", without("app.py")),
        ("*.py?", without("app.pyc")),
        ("*/*.md", without("build/readme.md")),
        ("b.txt", set(TREE)),
        ("**/b.txt", without("src/b.txt", "src/sub/b.txt")),
        ("src/**/b.txt", without("src/b.txt", "src/sub/b.txt")),
        ("**/node_modules", without(*NODE)),
        ("node_modules", without("node_modules/y.js")),
        ("build/**", without("build/out/a.o", "build/readme.md")),
        ("build\r\n", without("build/out/a.o", "build/readme.md")),
        ("build\n!build/readme.md", without("build/out/a.o")),
        ("build\n!**/*.o", without("build/readme.md")),
        ("!app.py\napp.py", without("app.py")),
        ("*\n!src", {name for name in TREE if name.startswith("src/")}),
        ("**\n!app.py", {"app.py"}),
        ("src/[a-b].txt", without("src/b.txt")),
        ("src/[^b].txt", set(TREE)),
        ("src/\\[a].txt", without("src/[a].txt")),
        ("src/[a.txt", set(TREE)),
        ("src/[z-a].txt", set(TREE)),
    ],
)
def test_patterns_take_out_what_docker_takes_out(tree: Path, text: str, expected: set[str]) -> None:
    assert files(tree, text) == expected


def test_ignored_folder_is_not_even_looked_into(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Path] = []
    scandir = os.scandir

    def spy(path: Path) -> Any:
        looked.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", spy)
    assert "app.py" in files(tree, "build\ndeep\n!deep/er/x")
    assert tree / "build" not in looked
    assert tree / "deep" in looked


def test_link_to_a_folder_is_not_followed(tree: Path) -> None:
    (tree / "loop").symlink_to(".")
    assert [name for name in ignore.kept(tree, []) if name.startswith("loop")] == ["loop"]


@given(st.text(alphabet="abs*?[]^-!\\/.# \n&|~", max_size=30))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    for pattern in ignore.parse(text):
        pattern.regex.fullmatch("a/b")
