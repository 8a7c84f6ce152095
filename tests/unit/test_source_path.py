"""Paths inside a source: what they may be, and which folder they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy.errors import UsageError
from dokkupy.source_path import SourcePath


@pytest.mark.parametrize(
    ("text", "shortest"), [("a/b", "a/b"), ("./a//b/", "a/b"), (".", "."), ("a b", "a b")]
)
def test_a_path_is_kept_in_its_shortest_spelling(text: str, shortest: str) -> None:
    assert SourcePath.parse(text) == shortest


@pytest.mark.parametrize(
    "text", ["", "/etc/passwd", "..", "a/../../b", "a\nb", "a\\..\\b", "a\0b", "../x"]
)
def test_a_path_that_could_leave_the_source_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a path inside"):
        SourcePath.parse(text)


def test_a_folder_is_found_within_the_tree_and_nowhere_else(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "services" / "web").mkdir(parents=True)
    (tree / "file").touch()
    (tmp_path / "outside").mkdir()
    (tree / "link").symlink_to("services")
    (tree / "out").symlink_to("../outside")
    (tree / "loop").symlink_to("loop")
    assert SourcePath.parse(".").folder_in(tree) == tree
    assert SourcePath.parse("services/web").folder_in(tree) == tree / "services" / "web"
    assert SourcePath.parse("link/web").folder_in(tree) == tree / "services" / "web"
    for path in ("nowhere", "file", "file/x", "out", "loop", "x" * 300):
        assert SourcePath.parse(path).folder_in(tree) is None, path
