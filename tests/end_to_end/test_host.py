"""A server set up on this very machine: its user, its ways in, its rights, and its removal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dokkupy.host.account import Account
from dokkupy.host.low_ports import first_free_port
from dokkupy.host.processes import processes_of
from dokkupy.testing.patience import eventually
from dokkupy.testing.sshd import PrivateSshd

from .conftest import EXAMPLES, docker, free_port
from .server import Server, low_port, make_server, remove_server, run_as

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can set a machine up"),
]

LOW_PORTS = {"ports"} if first_free_port() > 81 else set()
"""The part that is needed for them, and for nothing where everybody may serve on them."""
needs_right = pytest.mark.skipif(not LOW_PORTS, reason="here every user may serve on low ports")
UNITS = Path("/etc/systemd/system")


@pytest.fixture(scope="module")
def unmade() -> Iterator[Server]:
    server = make_server(f"dokkupy-t{os.getpid()}", low_port())
    yield server
    remove_server(server)


@pytest.fixture(scope="module")
def server(unmade: Server) -> Server:
    unmade.setup()
    unmade.cli("checks", "set", "--global", "probation", "0.5")
    return unmade


@pytest.fixture(scope="module")
def sshd(server: Server) -> Iterator[PrivateSshd]:
    with PrivateSshd(server.work / "sshd", user=server.user) as sshd:
        server.cli("git", "set", "--global", "ssh", sshd.address)
        yield sshd


@pytest.fixture(scope="module")
def key(server: Server, sshd: PrivateSshd) -> Path:
    """Make a key, and let root let it in under the name of Ann."""
    key = sshd.make_key("ann")
    server.cli("ssh-keys", "add", "ann", stdin=key.with_suffix(".pub").read_bytes())
    return key


@pytest.fixture(scope="module")
def tree(server: Server) -> Path:
    return server.tree(EXAMPLES / "probe")


def ask(
    sshd: PrivateSshd, key: Path, *words: str, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*sshd.command(key, *options), *words],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=60,
        check=False,
    )


def push(sshd: PrivateSshd, key: Path, tree: Path, app: str) -> subprocess.CompletedProcess[str]:
    """Push with the address that people type: no scheme, a colon."""
    user_at_host = sshd.address.rpartition(":")[0]
    return subprocess.run(
        ["git", "-C", str(tree), "push", f"{user_at_host}:{app}", "main"],
        env=os.environ | {"GIT_SSH_COMMAND": sshd.git_command(key)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def push_by_path(tree: Path, path: str, home: Path) -> str:
    """Push as root, which must fail; return what git said."""
    pushed = subprocess.run(
        ["git", "-C", str(tree), "push", path, "main"],
        env=os.environ | {"HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert pushed.returncode != 0
    return pushed.stderr


def nginx_processes(server: Server) -> list[int]:
    uid = server.account().pw_uid
    return [pid for pid in processes_of(uid) if comm(pid) == "nginx"]


def comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


# --- before ---------------------------------------------------------------------------------


def test_a_check_tells_what_will_be_done_and_does_nothing(unmade: Server) -> None:
    found = unmade.findings("--domain", "localhost", "--http-port", str(unmade.port))
    wanted = [finding for finding in found if finding["verdict"] == "to-do"]
    expected = {"user", "folder", "root", "keys", "proxy"} | LOW_PORTS
    assert {finding["part"] for finding in wanted} >= expected
    assert wanted[0]["command"].startswith("useradd --system")
    assert [finding for finding in found if finding["verdict"] == "blocked"] == []
    assert Account.find(unmade.user) is None
    assert not unmade.path.exists()


def test_a_setup_without_a_domain_is_refused_with_the_command(unmade: Server) -> None:
    refused = unmade.host("setup", code=5)
    assert "dokkupy host setup --domain example.com" in refused.err
    assert Account.find(unmade.user) is None


def test_a_taken_port_is_in_the_way_and_says_whose_it_is(unmade: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        refused = unmade.host("setup", "--domain", "localhost", "--http-port", port, code=5)
    assert f"Port {port} is taken by" in refused.err
    assert f"(process {os.getpid()})" in refused.err
    assert Account.find(unmade.user) is None


@pytest.mark.parametrize("name", ["root", "nobody"])
def test_the_account_of_somebody_else_is_not_taken(unmade: Server, name: str) -> None:
    before = Account.find(name)
    refused = unmade.cli("host", "setup", "--user", name, "--domain", "localhost", code=5)
    assert f"The user {name} is there already" in refused.err
    assert Account.find(name) == before


def test_a_folder_that_is_no_root_is_not_taken(unmade: Server) -> None:
    folder = unmade.work / "mine"
    folder.mkdir(mode=0o755)
    (folder / "diary").write_text("mine")
    done = subprocess.run(
        [unmade.python, "-P", "-m", "dokkupy", "--root", str(folder), "host", "setup",
         "--user", unmade.user, "--domain", "localhost"],
        capture_output=True, text=True, cwd="/", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 5
    assert "is no dokkupy root" in done.stderr
    assert (folder / "diary").stat().st_uid == 0


# --- set up ---------------------------------------------------------------------------------


def test_a_second_setup_finds_nothing_to_do(server: Server) -> None:
    again = server.host("setup")
    assert again.out.startswith("Nothing to do: this machine serves *.localhost")
    assert server.host("setup", "--json").json["changed"] == 0
    assert [f for f in server.findings() if f["verdict"] in ("to-do", "blocked")] == []


def test_the_user_has_no_password_and_only_the_rights_it_needs(server: Server) -> None:
    account = server.account()
    assert account.pw_dir == str(server.path)
    assert account.pw_uid < 1000
    line = next(
        line for line in Path("/etc/shadow").read_text().splitlines()
        if line.startswith(f"{server.user}:")
    )  # fmt: skip
    assert line.split(":")[1] == "*"
    assert server.as_user("cat", "/etc/shadow").returncode != 0
    assert server.as_user("docker", "version").returncode == 0


@needs_right
def test_nginx_is_the_users_and_has_one_capability(server: Server) -> None:
    assert server.get("nobody.localhost").status == 0
    processes = nginx_processes(server)
    assert len(processes) >= 2
    for pid in processes:
        status = Path(f"/proc/{pid}/status").read_text()
        fields = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
        assert set(fields["Uid"].split()) == {str(server.account().pw_uid)}
        assert {int(fields[name], 16) for name in ("CapPrm", "CapEff", "CapAmb")} == {1 << 10}


@needs_right
def test_nobody_else_gets_a_port_below_1024(server: Server) -> None:
    bind = f"import socket; socket.create_server(('127.0.0.1', {low_port()}))"
    python = [server.python, "-IS", "-c", bind]
    launcher = server.path / "bin" / "low-ports"
    passing_on = ["--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service"]
    assert server.as_user(str(launcher), *passing_on, *python).returncode == 0
    assert "PermissionError" in server.as_user(*python).stderr
    with pytest.raises(PermissionError):
        run_as("nobody", str(launcher), *passing_on, *python)
    copy = server.path / "run" / "copy"
    assert server.as_user("cp", "--preserve=all", str(launcher), str(copy)).returncode == 0
    stolen = server.as_user(str(copy), *passing_on, *python)
    copy.unlink()
    assert stolen.returncode != 0


def test_a_proxy_whose_master_was_killed_comes_back(server: Server) -> None:
    master = int((server.path / "proxy" / "nginx.pid").read_text())
    os.kill(master, signal.SIGKILL)
    eventually(lambda: comm_or_none(master) is None)
    server.cli("up")
    assert int((server.path / "proxy" / "nginx.pid").read_text()) != master
    assert server.get("nobody.localhost").status == 0
    assert server.not_the_users() == []


def comm_or_none(pid: int) -> str | None:
    status = Path(f"/proc/{pid}/status")
    if not status.exists() or "State:\tZ" in status.read_text():
        return None
    return comm(pid)


def test_an_address_of_the_proxy_on_its_port_can_be_changed(server: Server) -> None:
    server.cli("nginx", "set", "--global", "bind-address-ipv4", "127.0.0.1")
    assert server.get("nobody.localhost").status == 0
    server.cli("nginx", "set", "--global", "bind-address-ipv4")
    assert server.get("nobody.localhost").status == 0


# --- ways in --------------------------------------------------------------------------------


def test_a_push_makes_the_app_and_leaves_nothing_of_roots(
    server: Server, sshd: PrivateSshd, key: Path, tree: Path
) -> None:
    pushed = push(sshd, key, tree, "shop")
    assert pushed.returncode == 0, pushed.stderr
    assert server.get("shop.localhost").status == 200
    server.cli("config", "set", "shop", "GREETING=hello")
    server.cli("apps", "create", "other")
    server.cli("apps", "destroy", "other", "--force")
    server.cli("ps", "restart", "shop")
    assert server.get("shop.localhost").status == 200
    assert server.not_the_users() == []
    jobs = list((server.path / "jobs").iterdir())
    assert jobs
    assert {path.lstat().st_uid for path in jobs} == {server.account().pw_uid}
    actors = {event["actor"] for event in server.json("events", "--app", "shop")}
    assert {"ann", "root"} <= actors


def test_a_push_to_an_unknown_app_is_refused_where_that_is_off(
    server: Server, sshd: PrivateSshd, key: Path, tree: Path
) -> None:
    server.cli("git", "set", "--global", "autocreate", "off")
    pushed = push(sshd, key, tree, "unknown")
    server.cli("git", "set", "--global", "autocreate", "on")
    assert pushed.returncode != 0
    assert "App unknown does not exist" in pushed.stderr
    assert "unknown" not in server.cli("apps", "list").out


def test_operations_by_ssh_act_under_the_name_of_the_key(
    server: Server, sshd: PrivateSshd, key: Path
) -> None:
    made = ask(sshd, key, "apps", "create", "by-ssh")
    assert made.returncode == 0, made.stderr
    assert f"git remote add dokkupy ssh://{sshd.address}/by-ssh" in made.stdout
    listed = ask(sshd, key, "apps", "list", "--json")
    assert "by-ssh" in [app["name"] for app in json.loads(listed.stdout)]
    created: list[dict[str, Any]] = server.json("events", "--app", "by-ssh")
    assert created[0]["actor"] == "ann"


def test_a_key_gets_no_shell_no_files_and_no_forwarding(sshd: PrivateSshd, key: Path) -> None:
    shell = ask(sshd, key)
    assert (shell.returncode, "not to a shell" in shell.stderr) == (5, True)
    terminal = ask(sshd, key, "apps", "list", options=("-tt",))
    assert "PTY allocation request failed" in terminal.stderr
    assert ask(sshd, key, "sftp", options=("-s",)).returncode != 0
    assert ask(sshd, key, "cat", "/etc/passwd").stdout == ""
    forward = ask(sshd, key, options=("-W", f"127.0.0.1:{sshd.port}"))
    assert "forwarding failed" in forward.stderr
    offered = ("-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1")
    assert "remote port forwarding failed" in ask(sshd, key, "apps", "list", options=offered).stderr


@pytest.mark.parametrize("words", [("host", "setup"), ("host", "remove"), ("host", "check")])
def test_a_key_cannot_change_the_machine(
    server: Server, sshd: PrivateSshd, key: Path, words: tuple[str, ...]
) -> None:
    refused = ask(sshd, key, *words)
    assert (refused.returncode, "only root can do it" in refused.stderr) == (5, True)
    assert server.account()


def test_root_cannot_leave_objects_in_a_repository_by_path(
    server: Server, tree: Path, tmp_path: Path
) -> None:
    path = server.json("git", "remote", server.create("by-path"))["path"]
    trusting = tmp_path / ".gitconfig"
    trusting.write_text("[safe]\n\tdirectory = *\n")
    said = [push_by_path(tree, path, home) for home in (tmp_path / "empty", tmp_path)]
    assert "dubious ownership" in said[0]
    assert "root may not push into another user's repository" in said[1]
    assert server.json("apps", "report", "by-path")["release"] is None
    server.host("setup")
    assert server.not_the_users() == []


def test_a_stranger_is_told_whose_the_root_is(server: Server) -> None:
    words = [server.python, "-P", "-m", "dokkupy", "--root", str(server.path), "apps", "list"]
    refused = run_as("nobody", *words)
    assert refused.returncode == 15
    assert f"belongs to {server.user}" in refused.stderr


def test_a_setup_mends_what_was_damaged(server: Server) -> None:
    if LOW_PORTS:
        (server.path / "bin" / "low-ports").chmod(0o755)
    (server.path / "git" / "stray").touch()
    server.path.chmod(0o777)
    hook = server.path / "git" / f"{server.create('old')}.git" / "hooks" / "proc-receive"
    hook.write_text("#!/gone/python\n")
    parts = {finding["part"] for finding in server.findings() if finding["verdict"] == "to-do"}
    assert parts == {"folder", "keys"} | LOW_PORTS
    server.host("setup")
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o755
    assert server.not_the_users() == []
    assert sys.executable in hook.read_text() or server.python in hook.read_text()
    assert server.host("setup", "--json").json["changed"] == 0


# --- removed --------------------------------------------------------------------------------


def test_what_was_removed_comes_back_with_its_data_until_that_goes_too(tree: Path) -> None:
    server = make_server(f"dokkupy-r{os.getpid()}", free_port())
    try:
        server.setup()
        server.cli("checks", "set", "--global", "probation", "0.5")
        root_id = server.json("init")["root_id"]
        mine = f"--filter=label=dokkupy.root={root_id}"
        server.create("shop")
        repository = str(server.path / "git" / "shop.git")
        copy = server.work / "tree"
        shutil.copytree(tree, copy)
        shutil.chown(copy, server.user)
        pushed = server.as_user(
            "git", "-c", "safe.directory=*", "-C", str(copy), "push", repository, "main"
        )
        assert pushed.returncode == 0, pushed.stderr
        assert server.get("shop.localhost").status == 200

        removed = server.cli("host", "remove")
        assert "stays, with repositories" in removed.out
        assert Account.find(server.user) is None
        assert list(UNITS.rglob(f"{server.user}*")) == []
        assert docker("ps", "--all", "--quiet", mine) == ""
        assert docker("network", "ls", "--quiet", mine) == ""
        assert {path.lstat().st_uid for path in server.path.rglob("*")} == {0}
        assert "nothing to remove" in server.cli("host", "remove").out

        server.host("setup")
        assert server.get("shop.localhost").status == 200
        assert server.not_the_users() == []

        refused = server.cli("host", "remove", "--force", code=5)
        assert f"--confirm {server.path}" in refused.err
        assert server.get("shop.localhost").status == 200
        server.cli("host", "remove", "--force", "--confirm", str(server.path))
        assert not server.path.exists()
        assert docker("images", "--quiet", mine) == ""
        assert Account.find(server.user) is None
    finally:
        remove_server(server)
