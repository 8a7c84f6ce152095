from __future__ import annotations

import io
import tarfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from dokkupy.errors import ImageNotFound, NotFound
from dokkupy.platform import Platform
from dokkupy.proxy import NoProxy
from dokkupy.types import Line
from dokkupy_stack import foundation, operations, plugin
from dokkupy_stack.operations import StackRow
from dokkupy_stack.settings import MachineSettings
from dokkupy_stack.stacks import StackName, release

from .conftest import SOURCE, Bench


@pytest.fixture
def platform(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    settings = MachineSettings(codename="bookworm", sources=(SOURCE,), certificates={"c.crt": "P"})
    monkeypatch.setattr(MachineSettings, "read", lambda: settings)
    monkeypatch.setenv("DOKKUPY_CACHE", str(bench.cache))
    platform = Platform(tmp_path / "root", engine=bench.engine, proxy=NoProxy(), plugins=["stack"])
    yield platform
    platform.close()


def finish(lines: Generator[Line, None, list[StackRow]]) -> tuple[list[str], list[StackRow]]:
    texts: list[str] = []
    while True:
        try:
            texts.append(next(lines).text)
        except StopIteration as end:
            return texts, end.value


def states(rows: list[StackRow]) -> dict[str, str]:
    return {row.image: row.state for row in rows}


def test_list_says_what_is_missing_then_ready_then_outdated(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert states(operations.list_(platform)) == {
        "dokkupy/base:1": "missing",
        "dokkupy/python:3": "missing",
        f"dokkupy/run:{release()}": "missing",
        f"dokkupy/build:{release()}": "missing",
    }
    finish(operations.ensure(platform))
    assert set(states(operations.list_(platform)).values()) == {"ready"}
    other = MachineSettings(codename="bookworm", sources=(SOURCE,))
    monkeypatch.setattr(MachineSettings, "read", lambda: other)
    assert set(states(operations.list_(platform)).values()) == {"outdated"}


def test_ensure_tells_how_it_goes_and_makes_only_what_was_named(platform: Platform) -> None:
    lines, rows = finish(operations.ensure(platform, [StackName("base")]))
    assert any(line.startswith("Building dokkupy/base:") for line in lines)
    assert states(rows) == {"dokkupy/base:1": "ready"}
    with pytest.raises(ImageNotFound):
        platform.engine.image("dokkupy/python:3")


def test_fresh_starts_again_from_the_package_sources(
    platform: Platform, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(operations.ensure(platform))
    before = {row.name: row.version for row in operations.list_(platform)}

    def bootstrap(_: MachineSettings, target: Path, __: object) -> None:
        with tarfile.open(target, "w") as tar:
            tar.addfile(tarfile.TarInfo("newer"), io.BytesIO())

    monkeypatch.setattr(foundation, "bootstrap", bootstrap)
    lines, rows = finish(operations.ensure(platform, fresh=True))
    assert not any(line.startswith("Importing ") for line in lines)
    assert {row.state for row in rows} == {"ready"}
    assert all(row.version != before[row.name] for row in rows)
    assert [path.suffix for path in bench.cache.glob("debian-*")] == [".tar"]


def test_show_names_what_is_taken_from_the_machine(platform: Platform) -> None:
    details = operations.show(platform, StackName("base"))
    assert "/usr/local/share/ca-certificates/c.crt" in details.files
    assert details.images == ("dokkupy/base:latest", "dokkupy/base:1")


def test_an_unknown_stack_is_not_found(platform: Platform) -> None:
    with pytest.raises(NotFound):
        operations.show(platform, StackName("ruby"))


def test_a_build_gets_a_stack_that_nobody_prepared(platform: Platform) -> None:
    assert plugin.provide_image(platform, "dokkupy/python:3", lambda _: None) is True
    assert platform.engine.image("dokkupy/python:3").labels["dokkupy.stack"] == "python"


def test_other_images_are_left_to_others(platform: Platform) -> None:
    assert plugin.provide_image(platform, "python:3", lambda _: None) is None
