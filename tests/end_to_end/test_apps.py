"""ACCEPTANCE A: apps, through the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import EXAMPLES, Root, docker, make_root, remove_root

pytestmark = pytest.mark.engine


def test_a_root_without_apps_says_how_to_make_one(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    try:
        assert "dokkupy apps create" in root.cli("apps", "list").out
        assert root.json("apps", "list") == []
    finally:
        remove_root(root)


def test_a_listing_shows_state_release_and_domains(root: Root) -> None:
    name = root.create()
    row = next(row for row in root.json("apps", "list") if row["name"] == name)
    assert row == {
        "name": name,
        "state": "never deployed",
        "release": None,
        "domains": [f"{name}.localhost"],
    }
    assert name in root.cli("apps:list").out


@pytest.mark.parametrize(
    "name",
    ["Upper", "a_b", "a/b", "..", "a:b", "a;b", "$a", "a|b", "a\nb", "-a", "a" * 64, "", "é"],
)
def test_a_hostile_name_is_refused_with_the_rule(root: Root, name: str) -> None:
    done = root.cli("apps", "create", "--", name, code=2)
    assert "RFC 1123" in done.err
    assert all(row["name"] != name for row in root.json("apps", "list"))


def test_a_name_may_begin_with_a_digit(root: Root) -> None:
    root.create("7up")
    root.cli("apps", "destroy", "7up", "--force")


def test_a_name_is_taken_once(root: Root) -> None:
    name = root.create()
    done = root.cli("apps", "create", name, code=4)
    assert f"App {name} exists already." in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("apps", "report"),
        ("config", "show"),
        ("ps", "report"),
        ("releases", "list"),
        ("rollback",),
        ("logs",),
        ("git", "remote"),
        ("domains", "report"),
        ("nginx", "report"),
        ("build-env", "list"),
    ],
)
def test_an_unknown_app_is_the_same_error_everywhere(root: Root, words: tuple[str, ...]) -> None:
    root.create("nearby-app") if not _exists(root, "nearby-app") else None
    done = root.cli(*words, "nearby-ap", code=3)
    assert "App nearby-ap does not exist." in done.err
    assert "nearby-app" in done.err


def test_destroy_refuses_without_force_and_leaves_nothing_with_it(root: Root) -> None:
    name, _ = root.deployed(EXAMPLES / "probe")
    root.cli("config", "set", name, "A=1", "--no-restart")
    refused = root.cli("apps", "destroy", name, code=5)
    assert "--force" in refused.err
    assert root.get(f"{name}.localhost").status == 200

    root.cli("apps", "destroy", name, "--force")

    assert root.get(f"{name}.localhost").status == 0
    assert root.containers(name) == []
    assert not (root.path / "git" / f"{name}.git").exists()
    root_id = root.json("init")["root_id"]
    assert docker("images", "-q", f"dokkupy-{root_id}/{name}") == ""
    root.create(name)
    assert root.json("config", "show", name) == []


def _exists(root: Root, name: str) -> bool:
    return any(row["name"] == name for row in root.json("apps", "list"))
