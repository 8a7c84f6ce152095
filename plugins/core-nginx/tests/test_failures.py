"""What goes wrong around nginx, and what is served afterwards."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dokkupy.errors import PluginError, ProxyRefused, StateError
from dokkupy.names import AppName
from dokkupy.testing import client
from dokkupy.testing.backend import Backend
from dokkupy.testing.contracts.proxy import route
from dokkupy.testing.patience import eventually
from dokkupy_core_nginx import master, processes, server
from dokkupy_core_nginx.testing import NginxBench


def test_without_nginx_the_remedy_is_named(
    bench: NginxBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(master, "_SYSTEM_FOLDERS", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ProxyRefused) as refusal:
        bench.proxy.apply([])
    assert refusal.value.hint == "apt-get install nginx-light"


def test_the_holder_of_a_taken_port_is_named(bench: NginxBench) -> None:
    holder = socket.create_server(("127.0.0.1", bench.port))
    with holder, pytest.raises(ProxyRefused) as refusal:
        bench.proxy.apply([])
    assert f"(process {os.getpid()})" in refusal.value.message
    assert "--http-port" in refusal.value.hint


def test_a_port_taken_at_the_last_moment_is_noticed(
    bench: NginxBench, one: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bench.proxy.apply([route("one", one.endpoint)])
    first = bench.port
    monkeypatch.setattr(server, "obstacle", lambda *_: None)
    with socket.create_server(("127.0.0.1", 0)) as holder:
        bench.port = holder.getsockname()[1]
        with pytest.raises(ProxyRefused, match=r"bind\(\).*Address already in use"):
            bench.proxy.apply([route("one", one.endpoint)])
    assert client.get(first, "one.test").text == "one"
    assert bench.proxy.status().generation == before
    bench.proxy.apply([route("one", one.endpoint)])
    assert client.get(bench.port, "one.test").text == "one"


def test_a_port_taken_at_the_last_moment_of_a_start_is_noticed(
    bench: NginxBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "obstacle", lambda *_: None)
    holder = socket.create_server(("127.0.0.1", bench.port))
    with holder, pytest.raises(ProxyRefused, match="did not start"):
        bench.proxy.apply([])
    assert not bench.proxy.status().running
    bench.proxy.apply([])
    assert bench.proxy.status().running


def test_a_master_that_does_not_follow_is_noticed_and_serves_the_old(
    bench: NginxBench, one: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bench.proxy.apply([route("one", one.endpoint)])
    pid = bench.pid
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(server, "CONFIRM_LIMIT", 0.3)
    try:
        with Backend("two") as two, pytest.raises(ProxyRefused, match="did not follow"):
            bench.proxy.apply([route("one", two.endpoint)])
        assert client.get(bench.port, "one.test").text == "one"
    finally:
        os.kill(pid, signal.SIGCONT)
    monkeypatch.undo()
    assert bench.proxy.status().generation == before
    bench.proxy.apply([route("one", one.endpoint)])
    assert {client.get(bench.port, "one.test").text for _ in range(10)} == {"one"}


def test_a_process_that_took_the_number_in_the_pid_file_is_left_alone(bench: NginxBench) -> None:
    bench.proxy.apply([])
    bench.proxy.stop()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (bench.folder / "nginx.pid").write_text(f"{other.pid}\n")
        assert not bench.proxy.status().running
        bench.proxy.stop()
        bench.proxy.apply([])
        assert other.poll() is None
        other.communicate(b"\n")
    assert bench.proxy.status().running


def test_the_nginx_of_another_folder_is_left_alone(bench: NginxBench, tmp_path: Path) -> None:
    bench.proxy.apply([])
    stranger = NginxBench(tmp_path / "proxy0-not")
    stranger.folder.mkdir()
    (stranger.folder / "nginx.pid").write_text(str(bench.pid))
    assert not stranger.proxy.status().running
    stranger.proxy.stop()
    assert bench.proxy.status().running


@pytest.mark.parametrize("left", ["", '{"listens": [', "\0" * 100])
def test_what_a_power_cut_left_of_a_configuration_holds_up_no_start(
    bench: NginxBench, one: Backend, left: str
) -> None:
    number = bench.proxy.apply([route("one", one.endpoint)])
    bench.proxy.stop()
    for file in (f"{number}.json", f"{number}.conf", "counter"):
        (bench.folder / "conf" / file).write_text(left)
    for part in (bench.folder / "conf" / "apps").iterdir():
        part.write_text("")
    assert bench.proxy.apply([route("one", one.endpoint)]) > number
    assert client.get(bench.port, "one.test").text == "one"


def test_files_changed_by_hand_are_written_anew(bench: NginxBench, one: Backend) -> None:
    bench.proxy.apply([route("one", one.endpoint)])
    for part in (bench.folder / "conf" / "apps").iterdir():
        part.write_text("this is no configuration")
    bench.proxy.apply([route("one", one.endpoint)])
    assert client.get(bench.port, "one.test").text == "one"


def test_only_two_configurations_are_kept(bench: NginxBench, one: Backend) -> None:
    for number in range(5):
        bench.proxy.apply([route(f"app{number}", one.endpoint), route("one", one.endpoint)])
    bench.spoil("one")
    with pytest.raises(ProxyRefused):
        bench.proxy.apply([route("one", one.endpoint)], changed="one")
    names = sorted(path.name.partition(".")[0] for path in (bench.folder / "conf/apps").iterdir())
    assert names == ["app4", "one"]
    assert len([*(bench.folder / "conf").glob("[0-9]*.conf")]) == 1


def test_a_plugin_that_raises_stops_only_the_change_it_is_about(
    bench: NginxBench, one: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = [route("one", one.endpoint), route("two", one.endpoint)]
    bench.snippets["one"] = {"mark": "add_header X-Mark one;"}
    bench.proxy.apply(routes)

    def directives(self: NginxBench, app: AppName) -> Mapping[str, str]:
        if app == "one":
            raise PluginError("The plugin mark failed.")
        return {}

    monkeypatch.setattr(NginxBench, "directives", directives)
    with pytest.raises(PluginError, match="mark"):
        bench.proxy.apply(routes, changed="one")
    bench.proxy.apply(routes, changed="two")
    assert client.get(bench.port, "one.test").headers["x-mark"] == "one"
    assert "The plugin mark failed" in bench.proxy.status().detail


def test_workers_run_on_when_the_caller_is_gone(bench: NginxBench, one: Backend) -> None:
    bench.proxy.apply([route("one", one.endpoint)])
    assert os.getsid(bench.pid) != os.getsid(0)
    assert processes.workers_of(bench.pid)


def test_a_folder_deeper_than_a_sockets_path_serves(tmp_path: Path, one: Backend) -> None:
    deep = NginxBench(tmp_path / ("a folder 'with' \"quotes\"; ${and} #more" + "x" * 100))
    try:
        deep.proxy.apply([route("one", one.endpoint)])
        deep.proxy.apply([route("one", one.endpoint)])
        assert client.get(deep.port, "one.test").text == "one"
    finally:
        deep.proxy.stop()


def test_a_folder_that_nginx_would_read_as_a_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="pattern"):
        NginxBench(tmp_path / "[a]").proxy.apply([])


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    # Not below pytest's own folder, which every session that starts closes to others.
    with tempfile.TemporaryDirectory(prefix="dokkupy-proxy-") as parent:
        Path(parent).chmod(0o755)
        folder = Path(parent, "proxy")
        folder.mkdir()
        os.chown(folder, 65534, 65534)
        yield folder


def _owners(bench: NginxBench) -> set[int]:
    return {Path(f"/proc/{pid}").stat().st_uid for pid in processes.workers_of(bench.pid)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_the_workers_of_a_root_of_somebody_else_run_as_its_owner(
    nobodys_folder: Path, one: Backend
) -> None:
    bench = NginxBench(nobodys_folder)
    try:
        bench.proxy.apply([route("one", one.endpoint)])
        body = b"x" * 2_000_000  # beyond what is kept in memory
        reply = client.get(bench.port, "one.test", "/upload", method="POST", body=body)
        assert b"2000000" in reply.body
        # A worker that has just been forked is the master's user for a moment still.
        eventually(lambda: _owners(bench) == {65534})
    finally:
        bench.proxy.stop()


def open_to_others(folder: Path) -> None:
    """Let everybody into the folders above, as far as they are the tests' own."""
    shared = Path(tempfile.gettempdir())
    for parent in itertools.takewhile(lambda one: shared in one.parents, folder.parents):
        parent.chmod(0o755)


UNPRIVILEGED = """
import sys
import tempfile
from pathlib import Path
from typing import Any
from dokkupy.testing.contracts.proxy import route
from dokkupy.types import Endpoint
from dokkupy_core_nginx.testing import NginxBench

bench = NginxBench(Path(sys.argv[1]))
one = route("one", Endpoint(host="127.0.0.1", port=int(sys.argv[2])))
bench.proxy.apply([one])
bench.proxy.apply([one])
print(bench.port, flush=True)
input()
bench.proxy.stop()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_user_without_privileges_serves_and_root_can_take_over(
    nobodys_folder: Path, one: Backend
) -> None:
    nobody: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
    program = [sys.executable, "-B", "-c"]
    try:
        subprocess.run([*program, "import dokkupy_core_nginx"], **nobody, check=True)
    except (PermissionError, subprocess.CalledProcessError):
        pytest.skip("this checkout is closed to other users")
    command = [*program, UNPRIVILEGED, str(nobodys_folder), str(one.endpoint.port)]
    with subprocess.Popen(
        command,
        **nobody,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        assert client.get(port, "one.test").text == "one"
        bench = NginxBench(nobodys_folder)
        assert Path(f"/proc/{bench.pid}").stat().st_uid == 65534
        child.communicate("\n")
    assert child.returncode == 0
    eventually(lambda: not bench.proxy.status().running)
