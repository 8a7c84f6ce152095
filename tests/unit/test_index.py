"""The index is as good as a fresh look, and only made anew when something has changed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dokkupy import index_build
from dokkupy.index import Index, current, folder, operation_of
from dokkupy.plugins import Selection

if TYPE_CHECKING:
    from tests.unit.conftest import Site

PLUGIN = """
    @hookimpl
    def register_operations():
        return {"greet": "probe_greet.operations"}

    @hookimpl(trylast=True)
    def vhosts(app):
        return []
"""
OPERATIONS = """
    from dokkupy import operation

    @operation(summary="Say hello")
    def hello(platform) -> str:
        return "hello"
"""
CHOSEN = Selection(only=frozenset({"greet", "other"}))


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Selection]:
    """Give a list that grows with each index that is made."""
    made: list[Selection] = []
    real = index_build.build

    def counted(chosen: Selection) -> tuple[Index, set[str]]:
        made.append(chosen)
        return real(chosen)

    monkeypatch.setattr(index_build, "build", counted)
    return made


def test_a_second_command_takes_the_index_from_the_file(
    site: Site, tmp_path: Path, builds: list[Selection]
) -> None:
    site.install("greet", PLUGIN, operations=OPERATIONS)
    first = current(tmp_path / "cache", CHOSEN)
    second = current(tmp_path / "cache", CHOSEN)
    assert first == second
    assert len(builds) == 1


def test_an_installed_distribution_appears_and_an_uninstalled_one_is_gone(
    site: Site, tmp_path: Path
) -> None:
    assert "greet" not in current(tmp_path / "cache", CHOSEN).commands
    home = site.install("greet", PLUGIN, operations=OPERATIONS)
    assert "greet" in current(tmp_path / "cache", CHOSEN).commands
    shutil.rmtree(home)
    shutil.rmtree(site.folder / "dokkupy_plugin_greet-1.2.3.dist-info")
    site.forget()
    found = current(tmp_path / "cache", CHOSEN)
    assert "greet" not in found.commands
    assert found.plugin("greet") is None


@pytest.mark.parametrize("module", ["plugin.py", "operations.py"])
def test_an_edited_source_file_is_noticed(
    site: Site, tmp_path: Path, builds: list[Selection], module: str
) -> None:
    home = site.install("greet", PLUGIN, operations=OPERATIONS)
    current(tmp_path / "cache", CHOSEN)
    with (home / module).open("a") as file:
        file.write("\n# one line more\n")
    site.forget()
    current(tmp_path / "cache", CHOSEN)
    assert len(builds) == 2


def test_a_mended_plugin_comes_back_with_the_next_command(site: Site, tmp_path: Path) -> None:
    home = site.install("greet", "raise RuntimeError('no luck')", operations=OPERATIONS)
    broken = current(tmp_path / "cache", CHOSEN).plugin("greet")
    assert broken is not None
    assert broken.state == "broken"
    (home / "plugin.py").write_text('PLUGIN_API = ">=1"\n')
    site.forget()
    mended = current(tmp_path / "cache", CHOSEN).plugin("greet")
    assert mended is not None
    assert mended.state == "enabled"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 1}', "\x00\xff", "null"])
def test_a_damaged_file_is_made_anew(site: Site, tmp_path: Path, damage: str) -> None:
    site.install("greet", PLUGIN, operations=OPERATIONS)
    good = current(tmp_path / "cache", CHOSEN)
    (file,) = (tmp_path / "cache").iterdir()
    text = file.read_text()
    file.write_text(damage)
    assert current(tmp_path / "cache", CHOSEN) == good
    assert file.read_text() == text


def test_a_file_of_another_user_is_not_believed(
    site: Site, tmp_path: Path, builds: list[Selection], monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("greet", PLUGIN, operations=OPERATIONS)
    current(tmp_path / "cache", CHOSEN)
    (file,) = (tmp_path / "cache").iterdir()
    if os.geteuid() == 0:
        os.chown(file, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    current(tmp_path / "cache", CHOSEN)
    assert len(builds) == 2


def test_a_folder_that_cannot_be_written_costs_time_and_nothing_else(
    site: Site, tmp_path: Path
) -> None:
    site.install("greet", PLUGIN, operations=OPERATIONS)
    (tmp_path / "cache").write_text("a file is in the way")
    assert "greet" in current(tmp_path / "cache", CHOSEN).commands


def test_each_selection_has_an_index_of_its_own(
    site: Site, tmp_path: Path, builds: list[Selection]
) -> None:
    site.install("greet", PLUGIN, operations=OPERATIONS)
    for _ in range(2):
        assert "greet" in current(tmp_path / "cache", CHOSEN).commands
        assert "greet" not in current(tmp_path / "cache", Selection(only=frozenset())).commands
    assert len(builds) == 2


def test_a_command_of_the_index_becomes_the_operation(site: Site, tmp_path: Path) -> None:
    site.install("greet", PLUGIN, operations=OPERATIONS)
    current(tmp_path / "cache", CHOSEN)
    index = current(tmp_path / "cache", CHOSEN)
    operation = operation_of(index, index.commands["greet"]["hello"])
    assert operation.title == "greet hello"
    assert operation.run(None, {}) == "hello"  # type: ignore[arg-type]


def test_the_index_is_kept_in_the_root_or_else_with_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert folder(tmp_path) == tmp_path / "xdg" / "dokkupy"
    (tmp_path / "cache").mkdir()
    assert folder(tmp_path) == tmp_path / "cache"
