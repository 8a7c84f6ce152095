"""ACCEPTANCE G: what a MySQL service has acknowledged outlives whatever is done to it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy.testing.patience import eventually

from .conftest import BROKEN, Root, docker, make_root, remove_root
from .notes import Writer, kill_server

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NUMBERS = "SELECT body FROM notes WHERE body LIKE 'number %'"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """Give a root with a service `db`, to which the app `notes` is linked."""
    made = make_root(tmp_path_factory.mktemp("mysql-commits"))
    try:
        made.cli("mysql", "create", "db")
        made.deployed(BROKEN / "mysql-flask", "notes")
        made.cli("mysql", "link", "db", "notes")
        yield made
    finally:
        remove_root(made)


def numbers(root: Root) -> str:
    return root.cli("mysql", "connect", "db", "--", "--batch", stdin=NUMBERS.encode()).out


def test_every_acknowledged_commit_outlives_kills_stops_and_restarts(root: Root) -> None:
    writer = Writer(root, "notes")
    writer.start()
    try:
        for round_ in range(3):
            writer.wait_for(10)
            kill_server(root, "mysql", "db")
            writer.wait_for(10)
            if round_ == 1:
                root.cli("mysql", "stop", "db")
                root.cli("mysql", "start", "db")
                writer.wait_for(10)
        root.cli("mysql", "restart", "db")
        writer.wait_for(10)
    finally:
        writer.finish()
    found = numbers(root)
    missing = [n for n in writer.acknowledged if f"number {n}.\n" not in found]
    assert missing == []
    assert len(writer.acknowledged) >= 80


@pytest.fixture
def another_image(tmp_path: Path) -> Iterator[str]:
    """Give the name of an image that does the same and is another one."""
    name = "mariadb:walked"
    (tmp_path / "Dockerfile").write_text("FROM dokkupy/mariadb:1\nLABEL walked=yes\n")
    docker("build", "--quiet", f"--tag={name}", str(tmp_path))
    yield name
    docker("image", "rm", "--force", name)


def test_every_acknowledged_commit_outlives_an_import_and_an_upgrade(
    root: Root, another_image: str
) -> None:
    dump = root.cli("mysql", "export", "db").out.encode()
    writer = Writer(root, "notes")
    writer.start()
    try:
        writer.wait_for(10)
        root.cli("mysql", "import", "db", stdin=dump)
        writer.wait_for(10)
        info = root.json("mysql", "info", "db")
        root.cli("mysql", "upgrade", "db", "--image", another_image)
        writer.wait_for(10)
    finally:
        writer.finish()
    found = numbers(root) + _on_volume(info["kept_volumes"][-1], info["image"], NUMBERS)
    missing = [n for n in writer.acknowledged if f"number {n}.\n" not in found]
    assert missing == []
    assert len(writer.acknowledged) >= 30
    root.cli("mysql", "upgrade", "db", "--back")
    root.cli("mysql", "clean", "db", "--force")


def _on_volume(volume: str, image: str, question: str) -> str:
    """Ask what a volume holds that nobody serves from any more."""
    mount = f"--volume={volume}:/var/lib/mysql"
    started = docker("run", "--detach", "--rm", mount, image, "--skip-grant-tables").strip()
    client = ["exec", started, "mariadb", "--no-defaults", "--batch", "db", f"--execute={question}"]

    def answer() -> str | None:
        try:
            return docker(*client)
        except subprocess.CalledProcessError:
            return None  # it does not listen yet

    try:
        eventually(lambda: answer() is not None, timeout=60)
        return answer() or ""
    finally:
        docker("stop", started)
