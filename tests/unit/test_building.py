"""Which builder builds a source, and what is said when none does."""

from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy import building
from dokkupy.builder import BuildRequest
from dokkupy.errors import BuildFailed, NotFound
from dokkupy.names import AppName
from dokkupy.types import Build, Source


class Looks:
    """A builder that looks for one file."""

    def __init__(self, file: str) -> None:
        self.name = f"builder-{file.lower()}"
        self.looks_for = f"a file named {file}"
        self._file = file

    def detect(self, source: Source, properties: dict[str, object]) -> bool:
        assert properties == {}
        return (source.path / self._file).exists()

    def build(self, request: BuildRequest) -> Build:
        raise NotImplementedError


class World:
    """A platform with these builders, none of which has settings."""

    def __init__(self, *files: str) -> None:
        self._builders = [Looks(file) for file in files]
        self.hooks = self.properties = self

    def register_builders(self) -> list[Looks]:
        return self._builders

    def values(self, noun: str, app: str) -> dict[str, object]:
        raise NotFound(f"{app} has nothing for {noun}.")


def source(folder: Path, *names: str) -> Source:
    for name in names:
        (folder / name).touch()
    return Source(app=AppName("shop"), path=folder, revision="1" * 40, origin="main")


def choose(world: World, given: Source) -> str:
    return building.choose(world, given)[0].name  # type: ignore[arg-type]


def test_the_first_that_agrees_builds(tmp_path: Path) -> None:
    world = World("Dockerfile", "Gemfile", "Cargo")
    assert choose(world, source(tmp_path, "Gemfile", "Cargo")) == "builder-gemfile"


def test_when_none_agrees_each_is_named_with_what_it_looked_for(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with pytest.raises(BuildFailed) as caught:
        choose(World("Dockerfile", "Gemfile"), source(tmp_path, "README", "b\n"))
    assert caught.value.detail.splitlines() == [
        "builder-dockerfile looks for a file named Dockerfile",
        "builder-gemfile looks for a file named Gemfile",
        "At the top of the source: README, b\\n, shop/",
    ]
    assert caught.value.hint == (
        "Commit what one of them looks for and push again. "
        "It lies in a folder? dokkupy builds set shop build-dir FOLDER"
    )


def test_a_long_source_is_named_in_part_and_an_empty_one_as_such(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed) as caught:
        choose(World("Dockerfile"), source(tmp_path))
    assert caught.value.detail.endswith("The source is empty")
    names = [f"{number:03}" for number in range(20)]
    with pytest.raises(BuildFailed) as caught:
        choose(World("Dockerfile"), source(tmp_path, *names))
    assert caught.value.detail.endswith("010, 011 and 8 more")


def test_without_any_builder_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="No builder plugin is installed") as caught:
        choose(World(), source(tmp_path))
    assert caught.value.hint.startswith("Install one: ")
