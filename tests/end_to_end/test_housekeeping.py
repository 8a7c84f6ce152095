"""What is kept and what goes: images, detached commands, logs; followed logs and events."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from dokkupy.testing.patience import eventually

from .conftest import EXAMPLES, Root, change, docker

pytestmark = pytest.mark.engine


def test_old_images_go_and_what_can_be_rolled_back_to_stays(root: Root) -> None:
    app, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    root.cli("checks", "set", app, "probation", "0")
    root.cli("releases", "set", app, "keep", "2")
    change(tree, app__py="raise SystemExit('broken')\n")
    root.push(tree, app, code=1)
    source = (EXAMPLES / "probe" / "app.py").read_text()
    for version in ("2", "3"):
        change(tree, VERSION=version, app__py=source)
        root.push(tree, app)

    listed = root.json("releases", "list", app)
    assert [(row["number"], row["image"]) for row in listed] == [
        (4, "kept"),
        (3, "kept"),
        (2, "gone"),
        (1, "gone"),
    ]
    root_id = root.json("init")["root_id"]
    tags = docker("images", "--format={{.Tag}}", f"dokkupy-{root_id}/{app}").split()
    assert sorted(tags) == ["release-3", "release-4"]
    refused = root.cli("rollback", app, "1", code=12).err
    assert f"The image of release 1 of {app} is gone." in refused
    again = re.search(r"dokkupy (deploy \S+ --ref \S+)", refused)
    assert again is not None
    root.cli("rollback", app)
    assert root.get(f"{app}.localhost").body == "version 2\n"
    root.cli(*again[1].split())
    assert root.get(f"{app}.localhost").body == "version 1\n"


def test_a_cleanup_shows_first_what_it_frees_and_touches_nothing_of_others(root: Root) -> None:
    app, _ = root.deployed(EXAMPLES / "probe", VERSION="own")
    root_id = root.json("init")["root_id"]
    image = root.json("releases", "show", app, "1")["image"]
    left, theirs = f"dokkupy-{root_id}/left:release-1", "dokkupy-ffffffff/theirs:release-1"
    docker("tag", image, left)
    docker("tag", image, theirs)
    try:
        shown = root.json("cleanup")
        assert ("image", "left") in [(thing["kind"], thing["app"]) for thing in shown["things"]]
        assert not shown["applied"]
        assert left in docker("images", "--format={{.Repository}}:{{.Tag}}")
        assert "dokkupy cleanup --apply" in root.cli("cleanup").out
        root.cli("cleanup", "--apply")
        names = docker("images", "--format={{.Repository}}:{{.Tag}}").split()
        assert left not in names
        assert theirs in names
        assert root.json("cleanup")["things"] == []
        root.cli("ps", "restart", app)
        assert root.get(f"{app}.localhost").body == "version own\n"
    finally:
        docker("rmi", theirs)


def test_a_detached_command_is_listed_read_stopped_and_ended_in_time(root: Root) -> None:
    app, _ = root.deployed(EXAMPLES / "probe")
    words = ("-e", "WHO=world", app, "sh", "-c", "echo $WHO; sleep 300")
    done = root.cli("run", "--json", "--detach", *words).json
    [row] = root.json("run", "list", app)
    assert (row["name"], row["state"], row["exit_code"]) == (done["name"], "running", None)
    assert done["name"] in root.cli("run:list", app).out
    assert eventually(lambda: root.cli("run", "logs", app, done["name"]).out) == "world\n"
    root.cli("run:stop", app, done["name"])
    assert root.json("run", "list", app) == []

    brief = root.cli("run", "--json", "-d", "--ttl", "1s", app, "sleep", "300").json
    verbs = ("events", "--app", app, "--verb", "run")
    assert eventually(
        lambda: (
            [e["verb"] for e in root.json(*verbs) if e["data"]["name"] == brief["name"]]
            == ["run.started", "run.timed-out"]
        )
    )
    eventually(lambda: root.json("run", "list", app) == [])
    assert len(root.containers(app)) == 1


@contextmanager
def following(root: Root, *words: str) -> Iterator[IO[str]]:
    """Give the output of a command that goes on until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dokkupy", "--root", str(root.path), *words],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_logs_and_events_are_followed_through_a_deploy(root: Root) -> None:
    app, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    with (
        following(root, "logs", app, "--follow", "-n", "1000", "--json") as log,
        following(root, "events", "--app", app, "--follow", "-n", "1", "--json") as events,
    ):
        assert json.loads(next(log))["line"].startswith("probe, version 1,")
        assert json.loads(next(events))["app"] == app
        change(tree, VERSION="2")
        root.push(tree, app)
        new = next(line for line in map(json.loads, log) if "version 2" in line["line"])
        assert new["name"] == "web.1"
        assert next(e for e in map(json.loads, events) if e["verb"] == "release.live")["data"] == {
            "release": 2
        }
    assert root.cli("logs", app, "--since", "2999-01-01").out == ""
    assert "version 2" in root.cli("logs", app, "--since", "1h").out


def test_a_container_is_inspected_without_its_secrets(root: Root) -> None:
    app, _ = root.deployed(EXAMPLES / "probe")
    root.cli("config", "set", app, "TOKEN=hunter2")
    root.cli("ps", "limit", app, "web", "--memory", "256m")
    shown = root.json("ps", "inspect", app, "web.1")
    assert (shown["state"], shown["memory"], shown["env"]["TOKEN"]) == (
        "running",
        256 * 1024**2,
        "****",
    )
    assert shown["reference"] == root.containers(app)[0]
    assert shown["endpoint"].partition(":")[2] in str(shown["listens_on"])
    assert "hunter2" not in root.cli("ps", "inspect", app).out
