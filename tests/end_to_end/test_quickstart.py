"""The one command of the README, run as a newcomer runs it."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@dataclass(frozen=True, slots=True)
class Quickstart:
    """The script, with a folder of its own."""

    folder: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "DOKKUPY_QUICKSTART_DIR": str(self.folder)}
        return subprocess.run(
            [str(REPOSITORY / "quickstart"), *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )


def engine_objects(root_id: str) -> list[str]:
    """Return the ids of the containers, networks and images that carry a root's label."""
    ids: list[str] = []
    for kind, every in (("container", ["--all"]), ("network", []), ("image", [])):
        command = ["docker", kind, "ls", "-q", *every, "--filter", f"label=dokkupy.root={root_id}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        ids += done.stdout.split()
    return ids


def answer(url: str) -> str:
    """Return what a visitor gets; the name in the URL needs no resolver."""
    match = re.fullmatch(r"http://([^:/]+):(\d+)/", url)
    assert match, url
    with closing(http.client.HTTPConnection("127.0.0.1", int(match[2]), timeout=10)) as visitor:
        visitor.request("GET", "/", headers={"Host": f"{match[1]}:{match[2]}"})
        return visitor.getresponse().read().decode()


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quickstart]:
    made = Quickstart(tmp_path_factory.mktemp("quickstart") / "home")
    yield made
    if made.folder.exists():
        made.run("--remove")


def test_a_newcomer_gets_a_live_app_then_the_same_again_then_nothing(
    quickstart: Quickstart,
) -> None:
    first = quickstart.run()
    assert first.returncode == 0, first.stdout + first.stderr
    found = re.search(r"hello is live at (\S+) ", first.stdout)
    assert found, first.stdout
    assert answer(found[1]) == "Hello from dokkupy, version 1\n"

    again = quickstart.run()
    assert again.returncode == 0, again.stdout + again.stderr
    assert found[1] in again.stdout
    assert "Installing dokkupy" not in again.stdout
    assert answer(found[1]) == "Hello from dokkupy, version 1\n"

    command = [str(quickstart.folder / "dokkupy"), "init", "--json"]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    root_id = re.search(r'"root_id": *"([0-9a-f]+)"', report)
    assert root_id
    assert engine_objects(root_id[1])

    removed = quickstart.run("--remove")
    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert not quickstart.folder.exists()
    assert engine_objects(root_id[1]) == []
    with pytest.raises(OSError, match="refused"):
        answer(found[1])


def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    for words in ((), ("--remove",)):
        done = Quickstart(tmp_path).run(*words)
        assert done.returncode == 1
        assert str(tmp_path) in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]
