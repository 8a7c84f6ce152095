"""ACCEPTANCE D 5-8: releases, their order of steps, rollback."""

from __future__ import annotations

import pytest

from .conftest import EXAMPLES, Root, change

pytestmark = pytest.mark.engine


def test_a_rollback_serves_the_old_version_with_its_config_and_builds_nothing(root: Root) -> None:
    name, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    root.cli("config", "set", name, "COLOUR=red")
    change(tree, VERSION="2")
    root.push(tree, name)
    root.cli("config", "set", name, "COLOUR=blue")
    assert root.get(f"{name}.localhost").body == "version 2\n"

    done = root.json("rollback", name, "2")

    assert done["release"] == 5
    assert root.get(f"{name}.localhost").body == "version 1\n"
    assert root.get(f"{name}.localhost", "/env/COLOUR").body == "red"
    assert root.cli("config", "get", name, "COLOUR").out.strip() == "red"
    steps = root.json("releases", "show", name, "5")["steps"]
    assert "build" not in [step["name"] for step in steps]


def test_a_rollback_may_keep_today_s_config(root: Root) -> None:
    name, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    change(tree, VERSION="2")
    root.push(tree, name)
    root.cli("config", "set", name, "COLOUR=blue")
    root.cli("rollback", name, "1", "--keep-config")
    assert root.get(f"{name}.localhost").body == "version 1\n"
    assert root.get(f"{name}.localhost", "/env/COLOUR").body == "blue"


def test_a_rollback_to_what_never_served_or_does_not_exist_is_refused(root: Root) -> None:
    name, _ = root.deployed(EXAMPLES / "probe")
    assert "no earlier release" in root.cli("rollback", name, code=3).err
    assert "no release 9" in root.cli("rollback", name, "9", code=3).err


def test_the_ledger_lists_shows_and_compares(root: Root) -> None:
    name, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    change(tree, VERSION="2")
    root.push(tree, name)
    root.cli("config", "set", name, "K=V")
    listed = root.json("releases", "list", name)
    assert [(row["number"], row["state"]) for row in listed] == [
        (3, "live"),
        (2, "superseded"),
        (1, "superseded"),
    ]
    assert listed[1]["description"] == "push of main"
    shown = root.json("releases", "show", name, "2")
    names = [step["name"] for step in shown["steps"]]
    assert names == ["build", "stage", "check", "switch", "probation", "drain and retire"]
    assert {row["what"] for row in root.json("releases", "diff", name, "1", "2")} == {
        "image",
        "revision",
    }
    assert root.json("releases", "diff", name, "2", "3") == [
        {"what": "env K", "before": "", "after": "set"}
    ]


def test_the_release_task_runs_once_and_before_the_switch(root: Root) -> None:
    name = root.create()
    root.cli("ps", "scale", name, "web=2")
    tree = root.tree(EXAMPLES / "worker")
    done = root.push(tree, name)
    assert done.err.count("Running the release task") == 1
    task = done.err.index("Running the release task")
    assert task < done.err.index("has the traffic")
    before = root.json("releases", "list", name)[0]["number"]
    root.cli("config", "set", name, "K=V")
    steps = root.json("releases", "show", name, str(before + 1))["steps"]
    assert "release task" not in [step["name"] for step in steps]


def test_slow_requests_in_flight_at_the_switch_are_answered(root: Root) -> None:
    import threading

    name, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    change(tree, VERSION="2")
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(root.get(f"{name}.localhost", "/slow?s=4"))
    )
    thread.start()
    root.push(tree, name)
    thread.join()
    assert answers[0].status == 200
    assert answers[0].body == "version 1\n"
    assert root.get(f"{name}.localhost").body == "version 2\n"
