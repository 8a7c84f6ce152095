"""ACCEPTANCE D 11 and builds of their own: made, tested, queued, cancelled, deployed, promoted."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dokkupy.testing.patience import eventually

from .conftest import EXAMPLES, Root, change

pytestmark = pytest.mark.engine

SLOW = "FROM dokkupy/python:3\nCOPY . /app\nWORKDIR /app\nRUN sleep 45\nCMD python app.py\n"


def pushing(root: Root, tree: Path, app: str) -> subprocess.Popen[bytes]:
    """Begin a push and do not wait for it."""
    change(tree, Dockerfile=SLOW)
    url = root.json("git", "remote", app)["path"]
    return subprocess.Popen(
        ["git", "push", url, "HEAD:refs/heads/main"],
        cwd=tree,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def newest(root: Root, app: str) -> dict[str, object]:
    row: dict[str, object] = root.json("builds", "list", app)[0]
    return row


def test_a_build_is_made_now_and_deployed_later_as_its_plan_says(root: Root) -> None:
    name, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    change(tree, VERSION="2")
    url = root.json("git", "remote", name)["path"]
    subprocess.run(["git", "push", "-q", url, "HEAD:next"], cwd=tree, check=True)
    made = root.json("build", name, "--ref", "next")["build"]
    assert root.get(f"{name}.localhost").body == "version 1\n"
    planned = root.json("deploy", name, "--build", str(made), "--plan")
    assert (planned["builder"], planned["start"]) == ("", ["web.1"])
    assert planned["retire"] == ["web.1 of release 1"]
    assert root.json("releases", "list", name)[0]["number"] == 1
    done = root.json("deploy", name, "--build", str(made))
    assert done["release"] == planned["release"] == 2
    assert done["urls"] == planned["route"]
    assert root.get(f"{name}.localhost").body == "version 2\n"
    steps = [step["name"] for step in root.json("releases", "show", name, "2")["steps"]]
    assert "build" not in steps
    assert root.json("builds", "show", name, str(made))["releases"] == [2]


def test_red_tests_stop_a_push_and_the_next_green_one_is_released(root: Root) -> None:
    name, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    change(
        tree, VERSION="2", Procfile="web: python app.py\ntest: python -c 'raise SystemExit(3)'\n"
    )
    refused = root.push(tree, name, code=1)
    assert "The tests failed" in refused.err
    assert root.get(f"{name}.localhost").body == "version 1\n"
    test = 'test: python -c \'import os; print("tested with CI", os.environ["CI"])\'\n'
    change(tree, VERSION="3", Procfile=f"web: python app.py\n{test}")
    done = root.push(tree, name)
    assert "tested with CI true" in done.err
    assert root.get(f"{name}.localhost").body == "version 3\n"
    assert "tested with CI true" in root.cli("builds", "log", name).out
    assert [row["state"] for row in root.json("builds", "list", name)] == [
        "built",
        "failed",
        "built",
    ]


def test_promotion_moves_the_tested_image_and_leaves_each_app_its_config(root: Root) -> None:
    staging, _ = root.deployed(EXAMPLES / "probe", VERSION="7")
    production = root.create()
    root.cli("config", "set", production, "COLOUR=production", "--no-restart")
    root.cli("promote", staging, production)
    assert root.get(f"{production}.localhost").body == "version 7\n"
    assert root.get(f"{production}.localhost", "/env/COLOUR").body == "production"
    images = [root.json("releases", "show", app, "1")["image"] for app in (staging, production)]
    assert images[0] == images[1]
    root.cli("apps", "destroy", staging, "--force")
    root.cli("ps", "restart", production)
    assert root.get(f"{production}.localhost").body == "version 7\n"


def test_a_build_can_be_cancelled_and_the_one_that_waited_for_its_place_goes_on(
    root: Root,
) -> None:
    slow, slow_tree = root.deployed(EXAMPLES / "hello")
    quick, quick_tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    root.cli("builds", "set", "--global", "at-once", "1")
    try:
        first = pushing(root, slow_tree, slow)
        eventually(lambda: newest(root, slow)["state"] == "building")
        change(quick_tree, VERSION="2")
        url = root.json("git", "remote", quick)["path"]
        second = subprocess.Popen(
            ["git", "push", url, "HEAD:refs/heads/main"],
            cwd=quick_tree,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(lambda: "Waiting: the host is busy with build 2" in _log(root, quick))
        assert newest(root, quick)["state"] == "queued"
        root.cli("builds", "cancel", slow)
        told = first.communicate(timeout=60)[1].decode()
        assert first.returncode == 1
        assert f"Build 2 of {slow} was cancelled" in told
        assert second.wait(60) == 0
    finally:
        root.cli("builds", "set", "--global", "at-once")
    assert newest(root, slow)["state"] == "cancelled"
    assert root.get(f"{quick}.localhost").body == "version 2\n"
    assert root.get(f"{slow}.localhost").status == 200
    refused = root.cli("builds", "cancel", slow, code=None)
    assert "not under way" in refused.err


def _log(root: Root, app: str) -> str:
    files = sorted((root.path / "log" / "builds" / app).glob("*.log"))
    return files[-1].read_text() if files else ""
