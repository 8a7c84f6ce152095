"""Keys at a real sshd: they push and run operations, and get nothing else."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy import authorized_keys, git
from dokkupy.authorized_keys import PublicKey
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.store import Store
from dokkupy.testing.patience import eventually
from dokkupy.testing.sshd import PrivateSshd

pytestmark = pytest.mark.slow

APP = AppName("hello")
TIMEOUT = 60.0


class Ann:
    """The holder of a key."""

    def __init__(self, server: PrivateSshd, key: Path, clone: Path) -> None:
        self.server, self.key, self.clone = server, key, clone

    def ssh(
        self, *words: str, options: tuple[str, ...] = (), stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Ask the server, each of `words` quoted as a careful client would."""
        return self.ask(shlex.join(words), options=options, stdin=stdin)

    def ask(
        self, asked: str, *, options: tuple[str, ...] = (), stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Ask the server in exactly these words."""
        return subprocess.run(
            [*self.server.command(self.key, *options), *([asked] if asked else [])],
            input=stdin,
            check=False,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )

    def git(self, *arguments: str, options: str = "") -> subprocess.CompletedProcess[str]:
        ssh = f"{self.server.git_command(self.key)} {options}"
        return subprocess.run(
            ["git", "-c", "user.name=Ann", "-c", "user.email=ann@localhost", *arguments],
            cwd=self.clone,
            env=os.environ | {"GIT_SSH_COMMAND": ssh},
            check=False,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )

    def remote(self, path: str) -> str:
        return f"ssh://{self.server.address}/{path}"


@pytest.fixture
def store(paths: Paths) -> Iterator[Store]:
    store = Store(paths.state_db)
    yield store
    store.close()


@pytest.fixture
def ann(paths: Paths, store: Store, tmp_path: Path) -> Iterator[Ann]:
    with PrivateSshd(tmp_path / "sshd", paths.ssh / "authorized_keys") as server:
        key = server.make_key("ann")
        public = PublicKey.parse(key.with_suffix(".pub").read_text())
        store.keys.add("ann", public.fingerprint, str(public))
        authorized_keys.write(paths, store.keys.list())
        clone = tmp_path / "clone"
        clone.mkdir()
        ann = Ann(server, key, clone)
        ann.git("init", "--quiet", "--initial-branch=main")
        ann.git("commit", "--quiet", "--allow-empty", "--message", "change")
        yield ann


def test_a_push_by_ssh_acts_under_the_name_of_the_key(
    paths: Paths, ann: Ann, pushed_to: Path
) -> None:
    pushed = ann.git("push", ann.remote("hello"), "main")
    assert pushed.returncode == 0, pushed.stderr
    assert "remote: -----> live at http://hello" in pushed.stderr
    head = ann.git("rev-parse", "HEAD").stdout.strip()
    assert (paths.run / "live-main").read_text() == f"ann {head}"
    assert git.current(paths, APP, "refs/heads/main") == head
    listed = ann.git("ls-remote", ann.remote("hello.git"), "refs/heads/main")
    assert listed.stdout.split() == [head, "refs/heads/main"]


def test_nothing_that_a_client_sends_along_reaches_its_deploy(
    paths: Paths, ann: Ann, pushed_to: Path
) -> None:
    sent = {"DOKKUPY_JOB": "3", "LD_PRELOAD": "/x.so", "PYTHONPATH": "/x", "LC_ALL": "C.UTF-8"}
    words = " ".join(f"{key}={shlex.quote(value)}" for key, value in sent.items())
    options = f"-o {shlex.quote(f'SetEnv={words}')}"
    pushed = ann.git("push", ann.remote("hello"), "main", options=options)
    assert pushed.returncode == 0, pushed.stderr
    told = json.loads((paths.run / "environment-main").read_text())
    assert {key: told.get(key) for key in sent} == dict.fromkeys(sent) | {"LC_ALL": "C.UTF-8"}


def test_who_opens_a_push_and_pushes_nothing_leaves_no_job(
    paths: Paths, ann: Ann, pushed_to: Path
) -> None:
    opened = ann.ask("git-receive-pack 'hello'", stdin="0000")
    assert opened.returncode == 0, opened.stderr
    eventually(lambda: not list(paths.jobs.iterdir()))


def test_a_failed_push_by_ssh_ends_with_the_story(ann: Ann, pushed_to: Path) -> None:
    pushed = ann.git("push", ann.remote("hello"), "main:bad")
    assert pushed.returncode == 1
    assert "(It does not build.)" in pushed.stderr
    assert "mend it" in pushed.stderr


@pytest.mark.parametrize(
    "path", ["", "..", "../ssh", "git/hello.git", "hello/../hello", "HELLO", "hello%00", "~root/x"]
)
def test_no_other_path_can_be_pushed_to_or_fetched(
    paths: Paths, ann: Ann, pushed_to: Path, path: str
) -> None:
    before = sorted(paths.root.rglob("*"))
    assert ann.git("push", ann.remote(path), "main").returncode != 0
    assert ann.git("ls-remote", ann.remote(path)).returncode != 0
    assert {file for file in paths.root.rglob("*") if "state.db" not in file.name} == {
        file for file in before if "state.db" not in file.name
    }


def test_nobody_gets_a_shell_a_terminal_or_files(ann: Ann) -> None:
    shell = ann.ask("")
    assert shell.returncode == 5
    assert "not to a shell" in shell.stderr
    terminal = ann.ask("apps list", options=("-tt",))
    assert "PTY allocation request failed" in terminal.stderr
    assert ann.ask("sftp", options=("-s",)).returncode != 0
    assert ann.ask("cat /etc/passwd").stdout == ""


def test_nobody_forwards_a_port(ann: Ann) -> None:
    with socket.create_server(("127.0.0.1", 0)) as secret:
        port = secret.getsockname()[1]
        reached = ann.ask("", options=("-W", f"127.0.0.1:{port}"))
        assert reached.returncode != 0
        assert "forwarding failed" in reached.stderr
        secret.setblocking(False)
        with pytest.raises(BlockingIOError):
            secret.accept()
    offered = ann.ask(
        "apps list", options=("-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1")
    )
    assert "remote port forwarding failed" in offered.stderr


@pytest.mark.parametrize(
    "asked",
    [
        "git-receive-pack 'hello'; touch WITNESS",
        "git-receive-pack 'hello' && touch WITNESS",
        "git-receive-pack '$(touch WITNESS)'",
        "git-receive-pack '`touch WITNESS`'",
        "git-receive-pack hello | touch WITNESS",
        "git-receive-pack hello\ntouch WITNESS",
        "git-receive-pack '/hello.git/hooks/../../../../etc'",
        "git-upload-pack --upload-pack='touch WITNESS' hello",
        "git-upload-pack '--exec=touch WITNESS'",
        "git-upload-archive hello",
        "git-shell -c 'touch WITNESS'",
        "sh -c 'touch WITNESS'",
        "touch WITNESS",
        "apps create 'x;touch WITNESS'",
        "apps create $(touch WITNESS)",
        "apps:create `touch WITNESS`",
        "apps list > WITNESS",
        "apps list; touch WITNESS",
        "-c 'touch WITNESS'",
        "--root /tmp apps list",
        "apps list --root /tmp",
        "apps --root=/tmp list",
        'python -c \'open("WITNESS", "w")\'',
    ],
)
def test_nothing_that_a_client_sends_is_executed(ann: Ann, tmp_path: Path, asked: str) -> None:
    witness = tmp_path / "witness"
    answer = ann.ask(asked.replace("WITNESS", str(witness)))
    assert answer.returncode in range(1, 16), answer
    assert answer.stdout == ""
    assert not witness.exists()


@pytest.mark.parametrize(
    "asked",
    ["ssh-keys add eve {file}", "plugin install {file}", "git from-archive hello {file}"],
)
def test_no_file_of_the_server_can_be_named(
    ann: Ann, store: Store, tmp_path: Path, asked: str
) -> None:
    store.apps.create(APP)
    file = tmp_path / "secret.whl"
    file.write_text("ssh-ed25519 never-shown\n")
    done = ann.ask(asked.format(file=file))
    assert done.returncode == 2
    assert "file of the server" in done.stderr
    assert "never-shown" not in done.stdout + done.stderr


def test_operations_take_values_as_they_are(ann: Ann, store: Store, tmp_path: Path) -> None:
    store.apps.create(APP)
    witness = tmp_path / "witness"
    value = f"a b;\"'$(touch {witness})`touch {witness}`\n--root /tmp"
    done = ann.ssh("config", "set", "hello", f"KEY={value}")
    assert done.returncode == 0, done.stderr
    assert store.config.get("hello") == {"KEY": value}
    assert not witness.exists()
    listed = ann.ssh("apps", "list", "--json")
    assert [app["name"] for app in json.loads(listed.stdout)] == ["hello"]
    assert {event.actor for event in store.events.list() if event.verb == "config.changed"} == {
        "ann"
    }


def test_variables_that_a_client_sends_change_nothing(
    ann: Ann, store: Store, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    (tmp_path / "sitecustomize.py").write_text(f"open({str(witness)!r}, 'w')")
    (tmp_path / "dokkupy.py").write_text(f"open({str(witness)!r}, 'w')")
    sent = {
        "DOKKUPY_ACTOR": "root",
        "DOKKUPY_ROOT": str(tmp_path),
        "DOKKUPY_PLUGINS": "none",
        "PYTHONPATH": str(tmp_path),
        "GIT_SSH_COMMAND": f"touch {witness}",
    }
    options = ("-o", "SetEnv=" + " ".join(f'"{key}={value}"' for key, value in sent.items()))
    store.apps.create(APP)
    done = ann.ask("config set hello KEY=1", options=options)
    assert done.returncode == 0, done.stderr
    assert {event.actor for event in store.events.list() if event.verb == "config.changed"} == {
        "ann"
    }
    assert not witness.exists()


def test_a_key_that_was_removed_is_shut_out(paths: Paths, ann: Ann, store: Store) -> None:
    assert ann.ask("apps list").returncode == 0
    store.keys.remove("ann")
    authorized_keys.write(paths, store.keys.list())
    shut_out = ann.ask("apps list")
    assert shut_out.returncode == 255
    assert "Permission denied" in shut_out.stderr
