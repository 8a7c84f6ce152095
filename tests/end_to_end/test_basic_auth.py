"""ACCEPTANCE F 6: a password before an app, through the real nginx."""

from __future__ import annotations

import base64

import pytest

from .conftest import EXAMPLES, Root, change
from .visitors import to_pages, visitors

pytestmark = pytest.mark.engine

CHECKED = '{"healthchecks": {"web": [{"type": "startup", "path": "/"}]}}'


def typed(password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'anna:{password}'.encode()).decode()}"}


def test_who_knows_the_password_passes_through_deploys_and_nobody_else(root: Root) -> None:
    app, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    host, old, new = f"{app}.localhost", typed("the first one"), typed("the second one")
    root.cli("basic-auth", "add", app, "anna", stdin=b"the first one\n")
    assert root.get(host).status == 401
    assert root.get(host, headers=old).body == "version 1\n"
    root.cli("basic-auth:add", app, "anna", stdin=b"the second one\n")
    assert root.get(host, headers=old).status == 401
    with visitors(to_pages(root, host, new)) as seen:
        change(tree, VERSION="2", app__json=CHECKED)
        root.push(tree, app)  # its check knows no password
        root.cli("basic-auth", "open", app, "/open")
        root.cli("ps", "restart", app)
    assert seen.keys() == {"version 1", "version 2"}
    assert root.get(host).status == 401
    assert root.get(host, "/open").body == "no such path\n"
    root.cli("basic-auth", "disable", app)
    assert root.get(host).body == "version 2\n"
    root.cli("basic-auth", "enable", app)
    assert root.get(host).status == 401


def test_a_clone_asks_too_and_nothing_is_left_of_either(root: Root) -> None:
    app = root.deployed(EXAMPLES / "probe", VERSION="1")[0]
    kept = root.path / "basic-auth"
    before = {file.name for file in kept.iterdir()} if kept.exists() else set()
    root.cli("basic-auth", "add", app, "anna", stdin=b"the first one\n")
    clone, moved = f"{app}-copy", f"{app}-moved"
    root.cli("apps", "clone", app, clone)
    root.cli("apps", "rename", app, moved)
    for name in (clone, moved):
        assert root.get(f"{name}.localhost").status == 401
        assert root.get(f"{name}.localhost", headers=typed("the first one")).status == 200
        assert [row["users"] for row in root.json("basic-auth", "list", name)] == [["anna"]]
        root.cli("apps", "destroy", name, "--force")
    assert {file.name for file in kept.iterdir()} == before


def test_a_password_is_no_argument(root: Root) -> None:
    app = root.create()
    done = root.cli("basic-auth", "add", app, "anna", "the first one", code=2)
    assert "the first one" not in done.out
    assert root.json("basic-auth", "list", app)[0]["users"] == []
