"""ACCEPTANCE C 1-5: what a push deploys, says, waits for, and survives."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dokkupy.testing.patience import eventually
from dokkupy.testing.sshd import PrivateSshd

from .conftest import BROKEN, EXAMPLES, Root, change, git

pytestmark = pytest.mark.engine

PROBE = EXAMPLES / "probe"
SLOW_BUILD = """\
FROM dokkupy/python:3
WORKDIR /app
COPY . .
RUN echo the slow step begins && sleep 4
USER nobody
EXPOSE 5000
CMD ["python", "app.py"]
"""


def host(app: str) -> str:
    return f"{app}.localhost"


def live(root: Root, app: str) -> str:
    return root.get(host(app)).body.strip()


def told(stderr: str) -> list[str]:
    """Return what the server said, without git's margin and what the client added."""
    lines = stderr.splitlines()
    return [line.removeprefix("remote: ").rstrip() for line in lines if line.startswith("remote:")]


def remote(root: Root, app: str) -> str:
    path: str = root.json("git", "remote", app)["path"]
    return path


def start_push(root: Root, tree: Path, app: str) -> subprocess.Popen[str]:
    """Push by path in a session of its own, as from a terminal."""
    # Tests that run in the background have a Ctrl-C ignored, and a child keeps that.
    heeding = ["env", "--default-signal=INT"]
    return subprocess.Popen(
        [*heeding, "git", "-C", str(tree), "push", "--progress", remote(root, app), "main"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def await_line(push: subprocess.Popen[str], text: str) -> str:
    """Read what a push says until a line holds `text`; return that line."""
    assert push.stderr is not None
    for line in push.stderr:
        if text in line:
            return line
    raise AssertionError(f"the push ended without saying {text!r}")


@pytest.fixture
def sshd(root: Root, tmp_path: Path) -> Iterator[PrivateSshd]:
    """Serve the root by ssh."""
    with PrivateSshd(tmp_path / "sshd", root.path / "ssh" / "authorized_keys") as server:
        root.cli("git", "set", "--global", "ssh", server.address)
        yield server
        root.cli("git", "set", "--global", "ssh")


def let_in(root: Root, server: PrivateSshd, name: str) -> Path:
    """Make a key and let it in."""
    key = server.make_key(name)
    public = key.with_suffix(".pub").read_bytes()
    root.cli("ssh-keys", "add", name, stdin=public)
    return key


def push_by_ssh(
    server: PrivateSshd, key: Path, tree: Path, url: str, *refs: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(tree), "push", url, *refs],
        env=os.environ | {"GIT_SSH_COMMAND": server.git_command(key)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_a_push_by_ssh_goes_live_and_ends_with_release_and_url(
    root: Root, sshd: PrivateSshd
) -> None:
    name, tree = root.create(), root.tree(PROBE)
    key = let_in(root, sshd, "ann")
    where = root.json("git", "remote", name)
    assert where["ssh"] == f"ssh://{sshd.address}/{name}"
    pushed = push_by_ssh(sshd, key, tree, where["ssh"], "main")
    assert pushed.returncode == 0, pushed.stderr
    assert live(root, name) == "version 1"
    url = f"http://{host(name)}:{root.port}"
    assert told(pushed.stderr)[-1] == f"-----> Release 1 of {name} is live at {url}"
    [release] = root.json("releases", "list", name)
    assert release["actor"] == "ann"
    root.cli("ssh-keys", "remove", "ann")
    assert push_by_ssh(sshd, key, tree, where["ssh"], "main").returncode == 128


def test_a_push_by_ssh_to_an_unknown_app_makes_it_unless_that_is_off(
    root: Root, sshd: PrivateSshd
) -> None:
    tree, key = root.tree(PROBE), let_in(root, sshd, "bob")
    pushed = push_by_ssh(sshd, key, tree, f"ssh://{sshd.address}/fresh", "main")
    assert pushed.returncode == 0, pushed.stderr
    assert live(root, "fresh") == "version 1"
    root.cli("git", "set", "--global", "autocreate", "off")
    try:
        refused = push_by_ssh(sshd, key, tree, f"ssh://{sshd.address}/stale", "main")
        assert refused.returncode == 128
        assert "App stale does not exist." in refused.stderr
        assert "dokkupy apps create stale" in refused.stderr
    finally:
        root.cli("git", "set", "--global", "autocreate")
    assert "stale" not in [app["name"] for app in root.json("apps", "list")]
    root.cli("ssh-keys", "remove", "bob")


def test_the_output_of_a_build_streams_as_it_happens(root: Root) -> None:
    name, tree = root.create(), root.tree(PROBE)
    change(tree, Dockerfile=SLOW_BUILD)
    with start_push(root, tree, name) as push:
        await_line(push, "the slow step begins")
        assert root.json("apps", "report", name)["release"] is None
        assert push.poll() is None
        await_line(push, "is live at")
        push.communicate(timeout=60)
    assert push.returncode == 0


def test_a_branch_that_does_not_deploy_is_stored_and_the_commands_that_do_are_named(
    root: Root,
) -> None:
    name, tree = root.deployed(PROBE)
    git(tree, "switch", "--quiet", "--create", "dev")
    change(tree, VERSION="2")
    pushed = root.push(tree, name, "dev")
    assert told(pushed.err) == [
        f" !     dev is stored, not deployed: {name} deploys main.",
        f" !     Deploy it once: dokkupy deploy {name} --ref dev",
        f" !     Deploy it on every push: dokkupy git set {name} deploy-branch dev",
    ]
    assert live(root, name) == "version 1"

    root.cli("deploy", name, "--ref", "dev")
    assert live(root, name) == "version 2"
    root.cli("git", "set", name, "deploy-branch", "dev")
    change(tree, VERSION="3")
    root.push(tree, name, "dev")
    assert live(root, name) == "version 3"
    assert "main is stored, not deployed" in root.push(tree, name, "dev:main").err
    report = {row["branch"]: row["deploys"] for row in root.json("git", "report", name)}
    assert report == {"dev": True, "main": False}


def test_the_first_branch_that_arrives_deploys_from_then_on(root: Root) -> None:
    name, tree = root.create(), root.tree(PROBE)
    root.push(tree, name, "main:trunk")
    assert live(root, name) == "version 1"
    assert root.json("apps", "report", name)["deploy_branch"] == "trunk"
    clone = tree.with_name(f"{tree.name}-clone")
    git(tree, "clone", "--quiet", remote(root, name), str(clone))
    assert git(clone, "branch", "--show-current").strip() == "trunk"


def test_several_branches_and_a_tag_in_one_push_deploy_one(root: Root) -> None:
    name, tree = root.create(), root.tree(PROBE)
    git(tree, "branch", "aaa")
    git(tree, "tag", "v1")
    pushed = root.push(tree, name, "aaa", "main", "v1")
    assert "aaa is stored, not deployed" in pushed.err
    assert live(root, name) == "version 1"
    assert root.json("apps", "report", name)["deploy_branch"] == "main"
    listed = git(tree, "ls-remote", remote(root, name))
    assert {line.split()[1] for line in listed.splitlines()} == {
        "HEAD",
        "refs/heads/aaa",
        "refs/heads/main",
        "refs/tags/v1",
    }


def test_the_deploy_branch_cannot_be_deleted(root: Root) -> None:
    name, tree = root.deployed(PROBE)
    refused = root.push(tree, name, ":main", code=1)
    assert f"main is the branch that {name} deploys, so it stays." in refused.err
    assert live(root, name) == "version 1"


def test_a_failed_build_rejects_the_push_and_its_step_is_the_last_thing_shown(root: Root) -> None:
    name, tree = root.deployed(PROBE)
    before = git(tree, "ls-remote", remote(root, name))
    broken = (BROKEN / "build-fails" / "Dockerfile").read_text()
    change(tree, Dockerfile=broken, VERSION="2")
    refused = root.push(tree, name, code=1)
    assert "[remote rejected] main -> main" in refused.err
    assert "exit code 4" in "\n".join(told(refused.err)[-12:])
    assert live(root, name) == "version 1"
    assert git(tree, "ls-remote", remote(root, name)) == before
    states = {row["number"]: row["state"] for row in root.json("releases", "list", name)}
    assert states == {1: "live"}


def test_the_second_of_two_pushes_says_on_whom_it_waits_and_deploys_after(root: Root) -> None:
    name, tree = root.deployed(PROBE)
    change(tree, Dockerfile=SLOW_BUILD, VERSION="2")
    with start_push(root, tree, name) as first:
        await_line(first, "the slow step begins")
        later = tree.with_name(f"{tree.name}-later")
        git(tree, "clone", "--quiet", str(tree), str(later))
        change(later, Dockerfile=(PROBE / "Dockerfile").read_text(), VERSION="3")
        with start_push(root, later, name) as second:
            waiting = await_line(second, "Waiting")
            assert re.search(rf"{name} is busy with push of main by \S+ \(process \d+, ", waiting)
            first.communicate(timeout=120)
            assert first.returncode == 0
            _, said = second.communicate(timeout=120)
            assert second.returncode == 0, said
    assert live(root, name) == "version 3"


def test_a_push_that_has_become_stale_while_it_waited_is_refused_before_it_builds(
    root: Root,
) -> None:
    name, tree = root.deployed(PROBE)
    rival = tree.with_name(f"{tree.name}-rival")
    git(tree, "clone", "--quiet", str(tree), str(rival))
    change(tree, Dockerfile=SLOW_BUILD, VERSION="2")
    change(rival, VERSION="3")
    with start_push(root, tree, name) as first:
        await_line(first, "the slow step begins")
        with start_push(root, rival, name) as second:
            await_line(second, "Waiting")
            first.communicate(timeout=120)
            _, said = second.communicate(timeout=120)
    assert second.returncode == 1
    assert "main has moved on to" in said
    assert "git pull" in said
    assert "Building" not in said
    assert live(root, name) == "version 2"


def test_pushes_to_different_apps_run_side_by_side(root: Root) -> None:
    slow, slow_tree = root.deployed(PROBE)
    other, other_tree = root.deployed(PROBE)
    change(slow_tree, Dockerfile=SLOW_BUILD, VERSION="2")
    change(other_tree, VERSION="2")
    with start_push(root, slow_tree, slow) as first:
        await_line(first, "the slow step begins")
        second = root.push(other_tree, other)
        assert "Waiting" not in second.err
        first.communicate(timeout=120)
    assert (live(root, slow), live(root, other)) == ("version 2", "version 2")


@pytest.mark.parametrize(
    "end",
    [
        lambda group: os.killpg(group, signal.SIGINT),
        lambda process: os.kill(process, signal.SIGKILL),
        lambda process: os.kill(process, signal.SIGSTOP),
    ],
    ids=["Ctrl-C", "killed", "stopped"],
)
def test_a_client_that_goes_away_leaves_a_deploy_that_finishes(
    root: Root, end: Callable[[int], None]
) -> None:
    name, tree = root.deployed(PROBE)
    change(tree, Dockerfile=SLOW_BUILD, VERSION="2")
    push = start_push(root, tree, name)
    try:
        await_line(push, "the slow step begins")
        end(push.pid)
        assert eventually(lambda: live(root, name) == "version 2", timeout=60)
        change(tree, VERSION="3")
        root.push(tree, name)  # waits until the first has retired its old containers
        assert live(root, name) == "version 3"
        states = [row["state"] for row in root.json("releases", "list", name)]
        assert sorted(states) == ["live", "superseded", "superseded"]
    finally:
        os.kill(push.pid, signal.SIGCONT)
        push.communicate(timeout=60)


def test_two_first_pushes_at_once_make_one_deploy_branch(root: Root) -> None:
    name, tree = root.create(), root.tree(PROBE)
    git(tree, "branch", "rival")
    pushes = [
        threading.Thread(target=root.push, args=(tree, name, branch))
        for branch in ("main", "rival")
    ]
    for push in pushes:
        push.start()
    for push in pushes:
        push.join(180)
    assert len(root.json("releases", "list", name)) == 1
    assert live(root, name) == "version 1"
    rows = root.json("git", "report", name)
    assert sorted(row["branch"] for row in rows) == ["main", "rival"]
    assert [row["deploys"] for row in rows].count(True) == 1


def test_the_addresses_to_push_to_have_a_stable_shape(root: Root) -> None:
    name = root.create()
    where = root.json("git", "remote", name)
    assert where == {"path": str(root.path / "git" / f"{name}.git"), "ssh": None}
    missing = root.cli("git", "remote", "nonesuch", "--json", code=3)
    assert json.loads(missing.err or missing.out)["error"]["code"] == "not-found"
