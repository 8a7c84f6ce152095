"""A real runner is killed at every moment of a push, under load: nobody notices but who pushed."""

from __future__ import annotations

import asyncio
import fcntl
import inspect
import json
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.answers import Answer
from benchmarks.client import Load, Wanted
from dokkupy import pipeline, work
from dokkupy.store import RolloutState

from .conftest import EXAMPLES, Root, change, docker, git, make_root, remove_root

pytestmark = [pytest.mark.engine, pytest.mark.slow]

MORTAL = Path(__file__).parent / "mortal"
RATE = 50
"""New connections a second."""

_SOURCE = inspect.getsource(pipeline) + inspect.getsource(work)
STATES = [f"state {state}" for state in RolloutState]
STEPS = [
    f"step {name}"
    for name in dict.fromkeys(re.findall(r'\.step\("(.+?)"\)', _SOURCE))
    if name != "fetch"  # of an image that was built elsewhere: nothing has begun yet
]
HOOKS = [f"hook {name}" for name in dict.fromkeys(re.findall(r"\.hooks\.(\w+)\(", _SOURCE))]
MOMENTS = [f"{side} {what}" for what in STATES + STEPS + HOOKS for side in ("before", "after")]

UNDOES = {"state undoing", "state failed", "hook deploy_failed"}
"""What only a push goes through that fails on probation."""
AFTER_THE_SWITCH = {
    "after state switched",
    "after step switch",
    "before step probation",
    "after step probation",
    "before step drain and retire",
    "after step drain and retire",
    "before state settled",
    "after state settled",
    "before state drained",
    "after state drained",
    "before state retired",
    "after state retired",
    "before hook post_deploy",
    "after hook post_deploy",
    "before state undoing",
}
"""Moments at which the new version has the traffic, by what the store says."""
PROXY_LAGS = {"after state switched", "after state undoing"}
"""Moments at which the store is ahead of the proxy."""


@dataclass(slots=True)
class Shop:
    """An app under load beside another one, in a root of their own."""

    root: Root
    tree: Path
    name: str = "shop"
    neighbour: str = "neighbour"
    version: int = 1

    @property
    def host(self) -> str:
        return f"{self.name}.localhost"

    def text(self, version: int) -> str:
        return f"version {version}\n"

    def push(self, *, dies: str = "", fails: bool = False, code: int | None = 0) -> list[str]:
        """Push the next version by a runner that dies or fails as told; return its moments."""
        self.version += 1
        task = f"release: true {self.version}\n" if "release task" in dies or not dies else ""
        test = f"test: true {self.version}\n" if "step test" in dies or not dies else ""
        procfile = f"web: python app.py\n{test}{task}"
        change(self.tree, VERSION=str(self.version), Procfile=procfile)
        journal = self.root.work / f"journal-{self.version}"
        told = {"journal": str(journal), "dies": dies, "fails": fails}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MORTAL", json.dumps(told))
            patch.setenv("PYTHONPATH", str(MORTAL))
            self.root.push(self.tree, self.name, code=code)
        return journal.read_text().splitlines()

    def branch(self) -> str:
        """Return the revision of the app's deploy branch."""
        return git(self.root.path / "git" / f"{self.name}.git", "rev-parse", "main").strip()

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the store behind dokkupy's back."""
        with closing(sqlite3.connect(f"file:{self.root.path}/state.db?mode=ro", uri=True)) as store:
            return store.execute(sql).fetchall()

    def live_revision(self) -> str:
        """Return the revision of the live release."""
        return str(
            self.rows("SELECT revision FROM releases WHERE app='shop' AND state='live'")[0][0]
        )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    os.environ.pop("DOKKUPY_ROOT", None)
    root = make_root(tmp_path_factory.mktemp("crashes"))
    try:
        root.cli("checks", "set", "--global", "probation", "0.2")
        root.cli("checks", "set", "--global", "drain", "5")
        root.deployed(EXAMPLES / "probe", "neighbour")
        _, tree = root.deployed(EXAMPLES / "probe", "shop")
        yield Shop(root=root, tree=tree)
    finally:
        remove_root(root)


@contextmanager
def visitors(shop: Shop) -> Iterator[list[Answer]]:
    """Request the app's page on RATE new connections a second, beside a block."""
    load = Load(
        Wanted(
            port=shop.root.port,
            host=shop.host,
            kind="new",
            rate=RATE,
            most=10_000,
            longest=120,
            slow_every=0,
            patience=20,
        )
    )
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(load.run(stop),))
    thread.start()
    try:
        yield load.answers
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def assert_at_rest(shop: Shop) -> None:
    """Fail when anything is there that two deployed apps do not need."""
    rows = shop.rows
    assert rows("SELECT * FROM rollouts WHERE finished_at = 0") == []
    assert rows("SELECT * FROM releases WHERE state = 'pending'") == []
    instances = rows("SELECT app, state FROM instances ORDER BY app")
    assert instances == [(shop.neighbour, "live"), (shop.name, "live")]
    references = {row[0] for row in rows("SELECT reference FROM instances")}
    label = f"--filter=label=dokkupy.root={shop.root.json('init')['root_id']}"
    containers = docker("ps", "--all", "--no-trunc", "--format={{.ID}} {{.State}}", label)
    assert sorted(containers.splitlines()) == sorted(f"{one} running" for one in references)
    held = rows("SELECT address FROM addresses ORDER BY address")
    assert held == rows("SELECT host FROM instances ORDER BY host")
    assert shop.branch() == shop.live_revision()
    run = shop.root.path / "run"
    assert not [path for path in run.rglob("*") if "source" in str(path.relative_to(run))]
    for lock in (*(shop.root.path / "locks").iterdir(), *shop.root.path.glob("jobs/*/lock")):
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_table_holds_every_moment_of_a_push_that_succeeds_and_of_one_that_fails(
    shop: Shop,
) -> None:
    lived = shop.push(), shop.push(fails=True, code=1)
    assert set(lived[0]) | set(lived[1]) == set(MOMENTS)
    assert {what.partition(" ")[2] for what in set(MOMENTS) - set(lived[0])} == UNDOES
    assert_at_rest(shop)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_runner_may_be_killed(shop: Shop, moment: str) -> None:
    old, revision = shop.root.get(shop.host).body, shop.live_revision()
    fails = moment.partition(" ")[2] in UNDOES
    with visitors(shop) as answers:
        lived = shop.push(dies=moment, fails=fails, code=None)
        died = time.monotonic()
        assert lived[-1] == moment
        new = shop.text(shop.version)
        expected = new if moment in AFTER_THE_SWITCH else old
        if moment not in PROXY_LAGS:
            assert shop.root.get(shop.host).body == expected
        if moment.startswith("after"):
            shop.root.cli("ps", "scale", shop.neighbour, "web=1")
        else:
            shop.root.cli("up")
        mended = time.monotonic()
        assert_at_rest(shop)
        assert shop.root.get(shop.host).body == expected
    assert [answer for answer in answers if answer.failure] == []
    assert {answer.text for answer in answers} <= {old, new}
    if moment not in PROXY_LAGS:
        assert {answer.text for answer in answers if answer.began > died} == {expected}
    assert {answer.text for answer in answers if answer.began > mended} == {expected}
    assert (shop.live_revision() == revision) == (expected == old)
