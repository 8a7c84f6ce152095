"""Sites of files: pushed, rolled back and promoted like any app, served without a container."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import EXAMPLES, Root, change, docker
from .visitors import visitors

pytestmark = pytest.mark.engine

SITE = EXAMPLES / "static"


def to_start_and_another(root: Root, host: str) -> Callable[[int], str]:
    """Return a visit that says the first words of the start, or of a file beside it."""

    def visit(number: int) -> str:
        answer = root.get(host, "/about" if number % 2 else "/")
        return f"{answer.status} {answer.body.partition('<h1>')[2].partition('<')[0]}"

    return visit


def version(number: int) -> str:
    return f"<!doctype html><h1>version {number}</h1>\n"


def test_a_site_goes_live_without_a_container(root: Root) -> None:
    name, _ = root.deployed(SITE)
    host = f"{name}.localhost"
    start = root.get(host)
    assert (start.status, "version 1" in start.body) == (200, True)
    assert start.headers["Content-Type"] == "text/html; charset=utf-8"
    assert start.headers["Cache-Control"] == "no-cache"
    assert start.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in root.get(host, "/style.3f9c1ab2.css").headers["Cache-Control"]
    assert root.get(host, headers={"If-None-Match": start.headers["ETag"]}).status == 304
    assert "About" in root.get(host, "/about").body
    lost = root.get(host, "/static.json")
    assert (lost.status, "Not here" in lost.body) == (404, True)
    moved = root.get(host, "/old")
    assert (moved.status, moved.headers["Location"]) == (301, "/about")
    assert root.containers(name) == []
    assert [(row["name"], row["state"]) for row in root.json("ps", name)] == [("web.1", "running")]
    assert root.json("diagnose", name)["healthy"] is True
    assert "prints nothing" in root.cli("logs", name).out
    done = root.cli("run", name, "ls", code=5)
    assert "static site" in done.err
    assert "->" in done.err


def test_redeploys_and_rollbacks_of_a_site_lose_no_request(root: Root) -> None:
    name, tree = root.deployed(SITE, index__html=version(1))
    host = f"{name}.localhost"
    about = root.get(host, "/about").headers["ETag"]
    with visitors(to_start_and_another(root, host), at_once=8) as seen:
        for number in (2, 3):
            change(tree, index__html=version(number))
            root.push(tree, name)
            assert root.get(host).body == version(number)
        root.cli("rollback", name)
        assert root.get(host).body == version(2)
        root.cli("config", "set", name, "UNUSED=1")
        root.cli("ps", "restart", name)
        change(tree, static__json='{"error_page": "gone.html"}')
        root.push(tree, name, code=1)
        for _ in range(20):
            assert root.get(host).body == version(2)
    assert seen.keys() <= {"200 version 1", "200 version 2", "200 version 3", "200 About"}
    assert seen["200 version 3"]
    assert root.get(host, "/about").headers["ETag"] == about  # browsers keep what did not change
    assert [row["state"] for row in root.json("releases", "list", name)][:1] == ["live"]


def test_a_site_and_a_program_take_each_others_place(root: Root) -> None:
    name, tree = root.deployed(SITE, index__html=version(1))
    host = f"{name}.localhost"
    with visitors(to_start_and_another(root, host), at_once=8) as seen:
        for file in (EXAMPLES / "probe").iterdir():
            if file.is_file():
                (tree / file.name).write_bytes(file.read_bytes())
        change(tree, VERSION="2")
        root.push(tree, name)
        assert root.get(host).body == "version 2\n"
        assert len(root.containers(name)) == 1
        root.cli("rollback", name)
        assert root.get(host).body == version(1)
        assert root.containers(name) == []
    assert not [text for text in seen if text.startswith(("failed", "5"))]


def test_a_stopped_site_comes_back_and_a_lost_one_is_laid_out_again(root: Root) -> None:
    name, _ = root.deployed(SITE, index__html=version(1))
    host = f"{name}.localhost"
    root.cli("ps", "scale", name, "web=0")
    assert root.get(host).status == 503
    root.cli("ps", "scale", name, "web=1")
    assert root.get(host).body == version(1)
    root.cli("ps", "stop", name)
    assert root.get(host).status == 503
    root.cli("ps", "start", name)
    assert root.get(host).body == version(1)
    [folder] = served(root, name)
    (folder / "index.html").write_text("")  # as a power cut may leave it
    root.cli("up")
    assert root.get(host).body == version(1)


def test_a_site_is_promoted_renamed_and_destroyed_like_any_app(root: Root) -> None:
    name, _ = root.deployed(SITE, index__html=version(1))
    production = root.create()
    root.cli("promote", name, production)
    assert root.get(f"{production}.localhost").body == version(1)
    moved = f"{name}-moved"
    root.cli("apps", "rename", name, moved)
    assert root.get(f"{moved}.localhost").body == version(1)
    for app in (moved, production):
        root.cli("apps", "destroy", app, "--force")
        assert not list((root.path / "sites").glob(f"{app}-*"))
    root_id = root.json("init")["root_id"]
    assert docker("images", "--quiet", f"dokkupy-{root_id}/{production}") == ""


def test_pages_and_passwords_of_other_plugins_stand_before_a_site(root: Root) -> None:
    name, _ = root.deployed(SITE, index__html=version(1))
    host = f"{name}.localhost"
    root.cli("maintenance", "on", name)
    assert root.get(host).status == 503
    assert "being worked on" in root.get(host, "/about").body
    root.cli("maintenance", "off", name)
    root.cli("basic-auth", "add", name, "anna", stdin=b"the first one\n")
    root.cli("basic-auth", "open", name, "/about")
    assert {path: root.get(host, path).status for path in ("/", "/nothing", "/about")} == {
        "/": 401,
        "/nothing": 401,
        "/about": 200,
    }
    typed = {"Authorization": f"Basic {base64.b64encode(b'anna:the first one').decode()}"}
    assert root.get(host, headers=typed).body == version(1)
    root.cli("basic-auth", "disable", name)
    root.cli("redirects", "set", name, host, f"www.{host}")
    assert root.get(host).headers["Location"] == f"http://www.{host}/"


def test_a_dockerfile_may_make_a_site(root: Root, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM dokkupy/base:1 AS build\n"
        "RUN mkdir /public && echo generated > /public/index.html\n"
        "FROM scratch\n"
        "COPY --from=build /public /site\n"
        'LABEL dokkupy.site="{}"\n'
    )
    name, _ = root.deployed(tmp_path)
    assert root.get(f"{name}.localhost").body == "generated\n"
    assert root.containers(name) == []


def served(root: Root, app: str) -> list[Path]:
    """Return the folders that an app is served from, without those on their way out."""
    found = [path for path in (root.path / "sites").glob(f"{app}-*") if path.is_dir()]
    return [path for path in found if not path.with_name(f"{path.name}.retired").exists()]
