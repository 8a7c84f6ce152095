"""ACCEPTANCE G and D 10: what a service acknowledged outlives its engine and its host."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import pytest

from dokkupy.testing.patience import eventually

from .conftest import Root, make_root, remove_root
from .private_engine import PrivateEngine, private_engine

pytestmark = [pytest.mark.engine, pytest.mark.slow]

IMAGE = "dokkupy/mariadb:1"
AT_ONCE = 10
"""Commits that are waited for before each disaster."""


@dataclass(frozen=True, slots=True)
class Host:
    """A root with a service on an engine of its own."""

    root: Root
    engine: PrivateEngine

    def sql(self, question: str) -> str | None:
        """Ask the service; None when it did not answer."""
        words = ("mysql", "connect", "db", "--", "--batch", "--skip-column-names")
        done = self.root.cli(*words, stdin=question.encode(), code=None)
        return done.out if done.code == 0 else None

    def restart_engine(self) -> None:
        self.engine.stop()
        self.engine.start()

    def lose_power(self) -> None:
        self.engine.lose_power()
        self.engine.start()


@pytest.fixture(scope="module")
def host(root: Root, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    root.cli("mysql", "create", "image-maker")  # on the host's own engine, for its image
    root.cli("mysql", "destroy", "image-maker", "--force", "--no-backup")
    with (
        private_engine(tmp_path_factory.mktemp("engine")) as engine,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("DOCKER_HOST", engine.host)
        with pytest.MonkeyPatch.context() as elsewhere:
            elsewhere.delenv("DOCKER_HOST")
            engine.copy_image(IMAGE)
        made = make_root(tmp_path_factory.mktemp("mysql-reboots"))
        try:
            made.cli("mysql", "create", "db")
            host = Host(root=made, engine=engine)
            host.sql("CREATE TABLE numbers (n INT PRIMARY KEY)")
            yield host
        finally:
            made.cli("mysql", "destroy", "db", "--force", "--no-backup", code=None)
            remove_root(made)


class Writer(threading.Thread):
    """Commits one number after the other, and notes those that were acknowledged."""

    def __init__(self, host: Host, first: int) -> None:
        super().__init__(daemon=True)
        self._host = host
        self._ended = threading.Event()
        self._next = first
        self.acknowledged: list[int] = []

    def run(self) -> None:
        while not self._ended.is_set():
            if self._host.sql(f"INSERT INTO numbers VALUES ({self._next})") is not None:  # noqa: S608
                self.acknowledged.append(self._next)
            self._next += 1

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join(60)

    def wait_for_more(self) -> None:
        goal = len(self.acknowledged) + AT_ONCE
        eventually(lambda: len(self.acknowledged) >= goal, timeout=120)


@pytest.mark.parametrize(
    "disaster", [Host.restart_engine, Host.lose_power], ids=["engine restarted", "power lost"]
)
def test_every_acknowledged_commit_is_there_after(
    host: Host, disaster: Callable[[Host], None]
) -> None:
    before = int(host.sql("SELECT COALESCE(MAX(n), 0) FROM numbers") or 0)
    with Writer(host, before + 1) as writer:
        writer.wait_for_more()
        disaster(host)
        host.root.cli("up")
        writer.wait_for_more()
    found = set(map(int, (host.sql("SELECT n FROM numbers") or "").split()))
    assert set(writer.acknowledged) <= found
