"""What `plugin new` writes, and what it refuses to."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from dokkupy import PLUGIN_API_VERSION
from dokkupy.cli.arguments import split
from dokkupy.errors import Conflict, DokkupyError, UsageError
from dokkupy.operations import plugin as operations
from dokkupy.operations.registry import make_operation
from dokkupy.scaffold import PluginName
from dokkupy.scaffold.writing import KINDS, render, write

COMMON = {".gitignore", "CHANGELOG.md", "README.md", "pyproject.toml", "tox.ini"}
NAME = PluginName("my-own")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_whole_project(kind: str) -> None:
    files = render(NAME, kind)
    assert files.keys() > COMMON
    assert "dokkupy_my_own/py.typed" in files
    assert "tests/test_contract.py" in files
    left = [path for path, text in files.items() if "@{" in path + text or "@@" in text]
    assert left == []


@pytest.mark.parametrize("kind", KINDS)
def test_its_names_agree_and_its_ranges_take_this_dokkupy_in(kind: str) -> None:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    from dokkupy import __version__

    files = render(NAME, kind)
    project = tomllib.loads(files["pyproject.toml"])["project"]
    assert project["name"] == "dokkupy-plugin-my-own"
    assert project["entry-points"] == {"dokkupy.plugins": {"my-own": "dokkupy_my_own.plugin"}}
    (need,) = map(Requirement, project["dependencies"])
    assert (need.name, need.specifier.contains(__version__)) == ("dokkupy", True)
    api = next(
        line.split('"')[1]
        for line in files["dokkupy_my_own/plugin.py"].splitlines()
        if line.startswith("PLUGIN_API")
    )
    assert SpecifierSet(api).contains(PLUGIN_API_VERSION)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_what_is_told(kind: str, tmp_path: Path) -> None:
    made = write(NAME, kind, tmp_path / "here")
    found = {str(path.relative_to(tmp_path / "here")) for path in (tmp_path / "here").rglob("*")}
    assert set(made.files) == {path for path in found if (tmp_path / "here" / path).is_file()}
    assert made.folder == str(tmp_path / "here")
    assert f"dokkupy plugin install {tmp_path}/here" in made.text()
    assert list(tmp_path.iterdir()) == [tmp_path / "here"]


def test_it_is_written_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert write(NAME, "minimal", None).folder == str(tmp_path / "dokkupy-plugin-my-own")


def test_what_is_there_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("empty", "link"):
        with pytest.raises(Conflict, match="is there already"):
            write(NAME, "minimal", tmp_path / name)
    assert list((tmp_path / "empty").iterdir()) == []


def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DokkupyError, match="cannot be written") as caught:
        write(NAME, "minimal", tmp_path / "file" / "plugin")
    assert "--folder" in caught.value.hint


@pytest.mark.parametrize("name", ["apps", "checks", "core-nginx"])
def test_a_name_that_is_taken_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Conflict):
        write(PluginName(name), "minimal", tmp_path / "new")


@pytest.mark.parametrize(
    "name", ["", "A", "1a", "a_b", "a--b", "-a", "a-", "a/b", "../a", "a b", "é", "a" * 41, "a\n"]
)
def test_a_name_that_fits_no_package_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        PluginName.parse(name)


def test_the_kinds_are_those_that_can_be_asked_for() -> None:
    new = make_operation("plugin", operations.new)
    kind = next(item for item in new.parameters if item.name == "kind")
    assert kind.choices == KINDS
    assert split(new.parameters, ["x", "--kind", "minimal"]) is not None
