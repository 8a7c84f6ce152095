"""ACCEPTANCE A 6 and 7: apps renamed, cloned and locked, through the command line."""

from __future__ import annotations

import pytest

from .conftest import EXAMPLES, Root, change, docker, git
from .visitors import to_pages, visitors

pytestmark = pytest.mark.engine


def image_tags(root: Root, app: str) -> list[str]:
    root_id = root.json("init")["root_id"]
    listed = docker("images", "--format={{.Tag}}", f"dokkupy-{root_id}/{app}")
    return sorted(listed.split())


def test_a_renamed_app_serves_on_and_nothing_is_left_under_its_old_name(root: Root) -> None:
    old, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    new, own = f"{old}-renamed", f"{old}.example.com"
    root.cli("domains", "add", old, own)
    root.cli("config", "set", old, "COLOUR=red")
    root.cli("build-env", "set", old, "CURL_TIMEOUT=7")
    change(tree, VERSION="2")
    root.push(tree, old)
    root.cli("checks", "set", old, "probation", "1")

    with visitors(to_pages(root, own)) as seen:
        done = root.json("apps", "rename", old, new)

    assert set(seen) == {"version 2"}, seen
    assert done["release"] == 4
    assert done["domains"] == [own, f"{new}.localhost"]
    assert root.get(f"{new}.localhost").body == root.get(own).body == "version 2\n"
    assert root.get(f"{old}.localhost").status == 0
    assert root.get(own, "/env/DOKKUPY_APP").body == new
    assert root.get(own, "/env/COLOUR").body == "red"
    assert root.json("build-env", "get", new, "CURL_TIMEOUT") == "7"
    assert root.json("checks", "report", new)[0]["value"] == "1"
    assert "does not exist" in root.cli("apps", "report", old, code=3).err
    assert root.containers(old) == image_tags(root, old) == []
    assert len(root.containers(new)) == 1
    assert image_tags(root, new) == ["release-1", "release-2", "release-3", "release-4"]

    root.cli("rollback", new, "1")
    assert root.get(own).body == "version 1\n"
    change(tree, VERSION="3")
    git(tree, "push", "--quiet", done["remote"], "main")
    assert root.get(own).body == "version 3\n"
    root.create(old)
    root.cli("apps", "destroy", old, "--force")
    assert root.get(own).body == "version 3\n"


def test_a_clone_is_an_app_of_its_own_with_the_same_image_and_config(root: Root) -> None:
    app, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    twin = f"{app}-twin"
    root.cli("domains", "add", app, f"{app}.example.com")
    root.cli("config", "set", app, "COLOUR=red", "--no-restart")
    root.cli("build-env", "set", app, "CURL_TIMEOUT=7")
    root.cli("nginx", "set", app, "client-max-body-size", "7m")

    done = root.json("apps", "clone", app, twin)

    assert (done["release"], done["domains"]) == (1, [f"{twin}.localhost"])
    assert root.get(f"{twin}.localhost").body == "version 1\n"
    assert root.get(f"{twin}.localhost", "/env/COLOUR").body == "red"
    assert root.get(f"{app}.example.com").body == "version 1\n"
    assert root.json("build-env", "get", twin, "CURL_TIMEOUT") == "7"
    assert "7m" in root.cli("nginx", "report", twin).out
    images = [root.json("releases", "show", name, "1")["image"] for name in (app, twin)]
    assert images[0] == images[1]

    change(tree, VERSION="2")
    root.push(tree, twin)
    root.cli("rollback", twin)
    root.cli("apps", "destroy", app, "--force")
    root.cli("ps", "restart", twin)
    assert root.get(f"{twin}.localhost").body == "version 1\n"
    root.cli("ps", "rebuild", twin)


def test_a_locked_app_serves_and_is_read_but_not_changed(root: Root) -> None:
    app, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    root.cli("apps", "lock", app, "--reason", "stocktaking")
    change(tree, VERSION="2")
    before = root.json("git", "report", app)
    refused = root.push(tree, app, "main", "main:other", code=1)
    assert "is locked by" in refused.err
    assert "stocktaking" in refused.err
    assert f"dokkupy apps unlock {app}" in refused.err
    assert root.json("git", "report", app) == before
    for words in (
        ("config", "set", app, "A=1"),
        ("config", "set", app, "A=1", "--no-restart"),
        ("domains", "add", app, "other.example.com"),
        ("ps", "scale", app, "web=2"),
        ("apps", "destroy", app, "--force"),
        ("nginx", "set", app, "client-max-body-size", "7m"),
    ):
        assert "stocktaking" in root.cli(*words, code=6).err
    assert root.get(f"{app}.localhost").body == "version 1\n"
    assert root.json("apps", "report", app)["locked_by"].endswith(": stocktaking")
    assert "version 1" in root.cli("logs", app).out
    assert root.cli("run", app, "echo", "works").out == "works\n"
    root.cli("apps", "unlock", app)
    root.push(tree, app)
    assert root.get(f"{app}.localhost").body == "version 2\n"
