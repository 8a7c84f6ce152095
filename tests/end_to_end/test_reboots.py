"""Whatever goes down, in whatever order: `dokkupy up`, and every host leads to its own app."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dokkupy.testing.patience import eventually

from .conftest import EXAMPLES, Root, make_root, remove_root
from .private_engine import PrivateEngine, private_engine

pytestmark = [pytest.mark.engine, pytest.mark.slow]

BASE = "dokkupy/python:3"
RUNNING = ("ant", "bee", "cat")
STOPPED = "dog"


@dataclass(frozen=True, slots=True)
class Host:
    """A root on an engine of its own, with three apps that serve and one that is stopped."""

    root: Root
    engine: PrivateEngine

    def restart_engine(self) -> None:
        self.engine.stop()
        self.engine.start()

    def crash_engine(self) -> None:
        self.engine.lose_power()
        self.engine.start()

    def kill_proxy(self) -> None:
        for pid in self.proxy():
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: not self.proxy())

    def reboot(self) -> None:
        self.engine.lose_power()
        self.kill_proxy()
        self.engine.start()

    def shuffle_containers(self) -> None:
        containers = self.engine.docker("ps", "--quiet").split()
        random.shuffle(containers)
        self.engine.docker("stop", "--time=2", *containers)
        random.shuffle(containers)
        for container in containers:
            self.engine.docker("start", container)

    def kill_containers(self) -> None:
        self.engine.docker("kill", *self.engine.docker("ps", "--quiet").split())

    def proxy(self) -> list[int]:
        """Return the processes of the root's nginx, the master first."""
        processes = (entry for entry in Path("/proc").iterdir() if entry.name.isdecimal())
        return sorted(int(entry.name) for entry in processes if self._of_proxy(entry))

    def _of_proxy(self, process: Path) -> bool:
        try:
            line = (process / "cmdline").read_bytes()
            if line.startswith(b"nginx: worker process"):
                parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
                line = Path(f"/proc/{parent}/cmdline").read_bytes()
            return b"nginx" in line and os.fsencode(self.root.path) in line
        except OSError:
            return False

    def serves_all(self) -> bool:
        """Say whether every host leads to its app, or to a status while that still starts.

        What no host may ever lead to is another app.
        """
        found = {}
        for app in (*RUNNING, STOPPED):
            answer = self.root.get(f"{app}.localhost")
            found[app] = answer.body if answer.status == 200 else str(answer.status)
            assert found[app] == SERVED[app] or found[app].isdecimal(), found
        return found == SERVED


SERVED = {app: f"version {app}\n" for app in RUNNING} | {STOPPED: "503"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with (
        private_engine(tmp_path_factory.mktemp("engine")) as engine,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.delenv("DOKKUPY_ROOT", raising=False)
        patch.setenv("DOCKER_HOST", engine.host)
        with pytest.MonkeyPatch.context() as elsewhere:
            elsewhere.delenv("DOCKER_HOST")
            engine.copy_image(BASE)
        root = make_root(tmp_path_factory.mktemp("reboots"))
        try:
            root.cli("checks", "set", "--global", "probation", "0")
            for app in (*RUNNING, STOPPED):
                root.deployed(EXAMPLES / "probe", app, VERSION=app)
            root.cli("ps", "scale", RUNNING[0], "web=2")
            root.cli("ps", "stop", STOPPED)
            yield Host(root=root, engine=engine)
        finally:
            remove_root(root)


Disaster = Callable[[Host], None]


@pytest.mark.parametrize(
    "disasters",
    [
        pytest.param((Host.restart_engine,), id="engine restarts"),
        pytest.param((Host.crash_engine,), id="engine loses everything at once"),
        pytest.param((Host.kill_proxy,), id="proxy is killed"),
        pytest.param((Host.restart_engine, Host.kill_proxy), id="engine, then proxy"),
        pytest.param((Host.kill_proxy, Host.restart_engine), id="proxy, then engine"),
        pytest.param((Host.shuffle_containers,), id="containers start in another order"),
        pytest.param((Host.kill_containers,), id="containers are killed"),
        pytest.param((Host.reboot,), id="host reboots"),
    ],
)
def test_up_leads_every_host_to_its_own_app(host: Host, disasters: tuple[Disaster, ...]) -> None:
    before = _instances(host)
    for disaster in disasters:
        disaster(host)
    host.root.cli("up")
    eventually(host.serves_all)
    assert _instances(host) == before
    assert host.root.containers(STOPPED) == []


def test_what_the_engine_restarts_by_itself_is_reached_by_its_own_host(host: Host) -> None:
    host.restart_engine()
    eventually(host.serves_all, timeout=60)


def test_up_says_so_when_the_engine_is_down_and_works_once_it_is_back(host: Host) -> None:
    host.engine.stop()
    done = host.root.cli("up", code=None)
    assert done.code != 0
    assert "engine" in done.err.lower()
    host.engine.start()
    host.root.cli("up")
    eventually(host.serves_all)


def _instances(host: Host) -> list[tuple[str, str]]:
    """Return app and id of every container."""
    return [(app, one) for app in RUNNING for one in sorted(host.root.containers(app))]
