"""Tests of apps with services of their own: real servers, made for them and gone after them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy import locks
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.testing.patience import eventually

from .conftest import BROKEN, EXAMPLES, Root, change, docker, make_root, remove_root

pytestmark = [pytest.mark.engine, pytest.mark.slow]

CHECK = """\
import os

import psycopg

assert "SECRET" not in os.environ
assert os.environ["PGAPPNAME"] == "of the tests"
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("INSERT INTO notes (body) VALUES ('tested')")
    [found] = connection.execute("SELECT body FROM notes").fetchall()
    assert found == ("tested",), found
"""
MIGRATE = """\
import os

import psycopg

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("CREATE TABLE notes (body text)")
"""
WEB = "web: gunicorn --bind=0.0.0.0:$PORT app:app\n"
WANTS_POSTGRES = """{"environments": {"test": {
    "addons": ["heroku-postgresql:in-dyno"], "env": {"PGAPPNAME": "of the tests"}}}}"""
WANTS_REDIS = '{"environments": {"test": {"addons": [{"plan": "redis", "as": "CACHE"}]}}}'
WAITS = """\
import os, socket, time
from urllib.parse import urlsplit

where = urlsplit(os.environ["CACHE_URL"])
with socket.create_connection((where.hostname, where.port)) as cache:
    cache.sendall(f"AUTH {where.password}\\r\\nPING\\r\\n".encode())
    said = b""
    while b"PONG" not in said:
        said += cache.recv(100)
print("the cache answers", flush=True)
time.sleep(300)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    made = make_root(tmp_path_factory.mktemp("trials"))
    yield made
    remove_root(made)


def left_over(root: Root, app: str) -> list[str]:
    """Return what tests of an app have in the engine."""
    root_id = root.json("init")["root_id"]
    of_app = (f"--filter=label=dokkupy.root={root_id}", f"--filter=label=dokkupy.app={app}")
    marked = (*of_app, "--filter=label=dokkupy.purpose=test", "--quiet")
    return [*docker("ps", "--all", *marked).split(), *docker("network", "ls", *marked).split()]


def test_a_push_is_red_without_its_table_and_green_with_it_and_leaves_nothing(root: Root) -> None:
    app, tree = root.deployed(BROKEN / "postgres-flask")
    root.cli("config", "set", app, "SECRET=of the app", "--no-restart")
    procfile = f"{WEB}test: python check.py\n"
    change(tree, check__py=CHECK, app__json=WANTS_POSTGRES, Procfile=procfile)
    red = root.push(tree, app, code=1).err
    assert "as DATABASE_URL" in red
    assert 'relation "notes" does not exist' in red
    assert "The tests failed" in red
    assert left_over(root, app) == []
    procfile = f"{WEB}test: python migrate.py && python check.py\n"
    change(tree, migrate__py=MIGRATE, Procfile=procfile)
    green = root.push(tree, app).err
    assert "has the traffic" in green
    assert left_over(root, app) == []
    assert root.get(f"{app}.localhost").body == "without a database"


def test_a_service_that_nobody_has_is_refused_before_anything_is_built(root: Root) -> None:
    app = root.create()
    tree = root.tree(EXAMPLES / "probe")
    wants = '{"scripts": {"test": "true"}, "environments": {"test": {"addons": ["kafka"]}}}'
    change(tree, app__json=wants)
    said = root.push(tree, app, code=1).err
    assert "the addon kafka" in said
    assert "mysql, postgres, redis" in said
    assert "dokkupy plugin install kafka" in said
    assert "Building" not in said


@pytest.fixture
def waiting(root: Root) -> Iterator[tuple[str, Path, subprocess.Popen[bytes]]]:
    """Give an app, its tree, and a push whose tests have reached their service and go on."""
    app, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    procfile = "web: python app.py\ntest: python waits.py\n"
    change(tree, VERSION="2", waits__py=WAITS, app__json=WANTS_REDIS, Procfile=procfile)
    url = root.json("git", "remote", app)["path"]
    pushing = subprocess.Popen(
        ["git", "push", url, "HEAD:refs/heads/main"],
        cwd=tree,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        eventually(lambda: "the cache answers" in _log(root, app), timeout=120)
        assert len(left_over(root, app)) == 3
        yield app, tree, pushing
    finally:
        root.cli("builds", "cancel", app, code=None)
        pushing.kill()
        pushing.communicate()


def _log(root: Root, app: str) -> str:
    files = sorted((root.path / "log" / "builds" / app).glob("*.log"))
    return files[-1].read_text()


def test_a_cancelled_test_leaves_nothing(
    root: Root, waiting: tuple[str, Path, subprocess.Popen[bytes]]
) -> None:
    app, _, pushing = waiting
    root.cli("builds", "cancel", app)
    told = pushing.communicate(timeout=60)[1].decode()
    assert "was cancelled" in told
    assert left_over(root, app) == []
    assert root.get(f"{app}.localhost").body == "version 1\n"


def test_what_a_killed_test_leaves_is_removed_by_the_next_command(
    root: Root, waiting: tuple[str, Path, subprocess.Popen[bytes]]
) -> None:
    app, tree, pushing = waiting
    holder = locks.app_holder(Paths(root.path), AppName(app))
    assert holder is not None
    os.kill(holder.pid, signal.SIGKILL)
    assert pushing.wait(60) != 0
    assert len(left_over(root, app)) == 3
    root.cli("up")
    assert left_over(root, app) == []
    assert root.json("builds", "list", app)[0]["state"] == "failed"
    change(tree, Procfile="web: python app.py\n")
    root.push(tree, app)
    assert root.get(f"{app}.localhost").body == "version 2\n"
