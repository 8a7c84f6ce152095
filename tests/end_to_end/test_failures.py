"""ACCEPTANCE D 2-4: a deploy that fails says why, and only the old version serves."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .conftest import BROKEN, EXAMPLES, Done, Root, commit

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Case:
    """A broken app and what its push must say."""

    app: str
    says: tuple[str, ...]
    scale: tuple[str, ...] = ()
    config: dict[str, str] = field(default_factory=dict)


CASES = [
    Case("loopback", ("web.1 listens on 127.0.0.1:5000, must listen on 0.0.0.0:$PORT (5000)",)),
    Case("wrong-port", ("web.1 listens on 0.0.0.0:3000, must listen on 0.0.0.0:$PORT (5000)",)),
    Case(
        "wrong-port-loopback",
        ("web.1 listens on 127.0.0.1:3000, must listen on 0.0.0.0:$PORT (5000)",),
    ),
    Case("ipv6-only", ("web.1 listens on [::]:5000", "must listen on 0.0.0.0:$PORT (5000)")),
    Case("silent", ("web.1 listens on nothing, must listen on 0.0.0.0:$PORT (5000)",)),
    Case("not-http", ("web.1 listens, but GET / got no HTTP answer",)),
    Case("crash-at-start", ("web.1 ended with exit code 1", "no settings, giving up")),
    Case("crash-later", ("web.1 ended with exit code 1",)),
    Case("missing-command", ("web.1 ended with exit code 127", "Procfile")),
    Case("missing-key", ("PAYMENT_API_KEY is not set", "dokkupy config set")),
    Case("out-of-memory", ("web.1 was killed", "dokkupy ps limit")),
    Case("unhealthy", ("web.1 answered GET /health with status 500",)),
    Case("unanswering", ("web.1 did not answer GET / within 1 s",)),
    Case("second-web-fails", ("web.2 ended with exit code 1",), scale=("web=2",)),
    Case("worker-dies", ("worker.1 ended with exit code 1",), scale=("worker=1",)),
    Case("release-fails", ("exit code 1",)),
    Case("build-fails", ("exit code 4",)),
    Case("build-eats-memory", ("memory",)),
    Case("no-base", ("dokkupy stack list",)),
    Case("no-builder", ("builder-dockerfile looks for",)),
    Case("escape", ("Dockerfile",)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.app)
def test_the_push_fails_with_the_verdict_and_the_old_version_serves(root: Root, case: Case) -> None:
    good = EXAMPLES / "worker" if case.scale == ("worker=1",) else EXAMPLES / "probe"
    name, tree = root.deployed(good)
    if case.scale:
        root.cli("ps", "scale", name, *case.scale)
    before = root.get(f"{name}.localhost")
    containers = root.containers(name)
    assert before.status == 200

    done = _push_broken(root, name, tree, case.app)

    for text in case.says:
        assert text in done.err, done.err
    assert "->" in done.err, "no remedy is named"
    assert root.get(f"{name}.localhost").body == before.body
    assert sorted(root.containers(name)) == sorted(containers)
    listed = root.json("releases", "list", name)
    assert listed[0]["state"] in ("failed", "live")
    assert sum(row["state"] == "live" for row in listed) == 1


def test_what_a_failed_container_printed_can_be_read_later(root: Root) -> None:
    name, tree = root.deployed(EXAMPLES / "probe")
    _push_broken(root, name, tree, "crash-at-start")
    assert "no settings, giving up" in root.cli("logs", name, "--failed").out


def test_the_first_deploy_of_a_broken_app_leaves_no_container(root: Root) -> None:
    name = root.create()
    root.push(root.tree(BROKEN / "crash-at-start"), name, code=1)
    assert root.containers(name) == []
    assert root.get(f"{name}.localhost").status == 404


def _push_broken(root: Root, name: str, tree: Path, broken: str) -> Done:
    for entry in tree.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    shutil.copytree(BROKEN / broken, tree, dirs_exist_ok=True, symlinks=True)
    commit(tree, broken)
    return root.push(tree, name, code=1)
