"""ACCEPTANCE E: processes, through the command line."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from dokkupy.testing.patience import eventually

from .conftest import EXAMPLES, Root, docker

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def app(root: Root) -> str:
    return root.deployed(EXAMPLES / "worker")[0]


def names(root: Root, app: str) -> list[str]:
    return [row["name"] for row in root.json("ps", "report", app)]


def test_the_first_deploy_runs_one_web_and_nothing_else(root: Root, app: str) -> None:
    assert names(root, app) == ["web.1"]


def test_scaling_touches_only_the_difference(root: Root, app: str) -> None:
    web = root.containers(app)
    root.cli("ps", "scale", app, "worker=2")
    assert names(root, app) == ["web.1", "worker.1", "worker.2"]
    assert set(web) < set(root.containers(app))
    root.cli("ps", "scale", app, "worker=0")
    assert root.containers(app) == web


def test_an_unknown_process_and_a_wrong_quantity_are_refused(root: Root, app: str) -> None:
    done = root.cli("ps", "scale", app, "nobody=1", code=3)
    assert "no process nobody" in done.err
    for wrong in ("web=-1", "web=x", "web", "web=1000"):
        root.cli("ps", "scale", app, wrong, code=2)


def test_web_scaled_to_nothing_is_a_503_and_the_scale_survives_a_deploy(root: Root) -> None:
    name, tree = root.deployed(EXAMPLES / "probe")
    root.cli("ps", "scale", name, "web=0")
    assert root.get(f"{name}.localhost").status == 503
    root.cli("ps", "scale", name, "web=2")
    root.push(tree, name, code=0)
    root.cli("ps", "rebuild", name)
    assert names(root, name) == ["web.1", "web.2"]
    answers = {root.get(f"{name}.localhost", "/process").body for _ in range(20)}
    assert answers == {"web.1\n", "web.2\n"}


def test_stop_start_and_restart(root: Root) -> None:
    name, _ = root.deployed(EXAMPLES / "probe")
    first = root.containers(name)
    root.cli("ps", "restart", name)
    second = root.containers(name)
    assert second
    assert second != first
    root.cli("ps", "stop", name)
    assert root.containers(name) == []
    assert root.get(f"{name}.localhost").status == 503
    root.cli("ps", "start", name)
    assert root.get(f"{name}.localhost").status == 200


def test_limits_reach_the_engine(root: Root) -> None:
    name, _ = root.deployed(EXAMPLES / "probe")
    root.cli("ps", "limit", name, "web", "--memory", "256m", "--cpus", "0.5", "--pids", "64")
    container = root.containers(name)[0]
    shown = docker(
        "inspect",
        "-f",
        "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}",
        container,
    )
    assert shown.split() == [str(256 * 1024**2), "500000000", "64"]


def test_containers_get_no_new_privileges_and_may_not_forge_packets(root: Root, app: str) -> None:
    security = "{{.HostConfig.SecurityOpt}} {{.HostConfig.CapDrop}}"
    shown = docker("inspect", "-f", security, root.containers(app)[0])
    assert "no-new-privileges" in shown
    assert "NET_RAW" in shown


def test_run_passes_exit_code_input_and_variables(root: Root, app: str) -> None:
    done = root.cli("run", app, "sh", "-c", "echo out; echo err >&2; exit 7", code=7)
    assert done.out == "out\n"
    assert done.err == "err\n"
    assert root.cli("run", app, "cat", stdin=b"through\n").out == "through\n"
    done = root.cli("run", "-e", "ONCE=just $this", app, "sh", "-c", 'printf %s "$ONCE"')
    assert done.out == "just $this"
    assert names(root, app) == ["web.1"]


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(lambda client: client.terminate(), id="told to end"),
        pytest.param(lambda client: client.send_signal(signal.SIGHUP), id="terminal closed"),
        pytest.param(lambda client: client.stdout.close(), id="connection lost"),
    ],
)
def test_a_command_ends_with_whoever_waits_for_it(
    root: Root, app: str, leave: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    words = ["--root", str(root.path), "run", app, "sleep", "1000"]
    with subprocess.Popen(
        [sys.executable, "-m", "dokkupy", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as client:
        eventually(lambda: [row["state"] for row in root.json("run", "list", app)] == ["running"])
        leave(client)
        assert client.wait(30) > 128
    assert root.json("run", "list", app) == []


def test_enter_runs_inside_the_container_that_serves(root: Root, app: str) -> None:
    done = root.cli("enter", app, "web.1", "sh", "-c", "echo $DOKKUPY_PROCESS; exit 3", code=3)
    assert done.out == "web.1\n"
    assert "web.1" in root.cli("enter", app, "nobody.9", "true", code=3).err


def test_logs_name_the_container(root: Root, app: str) -> None:
    root.get(f"{app}.localhost")
    assert "web.1: " in root.cli("logs", app, "-n", "5", "-p", "web").out


def test_apps_cannot_reach_each_other(root: Root, app: str) -> None:
    other, _ = root.deployed(EXAMPLES / "probe")
    target = root.json("ps", "report", other)[0]["endpoint"]
    host, _, port = target.partition(":")
    script = (
        "import socket\n"
        f"try: socket.create_connection(('{host}', {port}), 3)\n"
        "except OSError: print('unreachable')\n"
        "else: print('reached')\n"
    )
    assert root.cli("enter", app, "web.1", "python", "-c", script).out == "unreachable\n"


def test_addresses_survive_restarts_in_any_order(root: Root) -> None:
    apps = [root.deployed(EXAMPLES / "probe", VERSION=f"own {n}")[0] for n in range(3)]
    before = {name: root.json("ps", "report", name)[0]["endpoint"] for name in apps}
    containers = [root.containers(name)[0] for name in apps]
    for container in containers:
        docker("stop", "-t", "1", container)
    for container in (containers[1], containers[2], containers[0]):
        docker("start", container)
    after = {name: root.json("ps", "report", name)[0]["endpoint"] for name in apps}
    assert after == before
    root.cli("up")
    for number, name in enumerate(apps):
        assert root.get(f"{name}.localhost").body == f"version own {number}\n"
