"""ACCEPTANCE B 7: a secret is in the store and in the app, and nobody else ever sees it."""

from __future__ import annotations

import itertools
import json
import os
import re
import secrets
import shlex
import stat
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from dokkupy.testing.patience import eventually
from dokkupy.testing.sshd import PrivateSshd

from .conftest import EXAMPLES, Done, Root, change, docker, make_root, remove_root

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(900)]

DOCKERFILE = """\
FROM dokkupy/python:3
WORKDIR /app
RUN --mount=type=secret,id=TOKEN grep -c . /run/secrets/TOKEN
COPY . .
USER nobody
CMD ["python", "app.py"]
"""
PROCFILE = """\
web: python app.py
release: test -n "$TOKEN"
"""
CONTAINER = re.compile(r"\b[0-9a-f]{64}\b")


def marked(mark: str) -> dict[str, str]:
    """Return values of every awkward kind that all hold the mark."""
    return {
        "TOKEN": f"{mark}",
        "PEM": f"-----BEGIN KEY-----\n{mark}+/==\n{mark}\n-----END KEY-----\n",
        "QUOTED": f"\"{mark}\" '{mark}' $({mark}) `{mark}` \\{mark}",
        "UNICODE": f"ü☃{mark}\N{ROCKET}\u202e",
        "DATABASE_URL": f"mysql://user:{mark}@10.0.0.9:3306/db?x=%2F&y={mark}#z",
    }


class Watch:
    """Looks at the arguments and the environment of every process, again and again."""

    def __init__(self, needles: list[bytes]) -> None:
        self._needles = needles
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.rounds = 0
        self.seen: set[tuple[str, bytes, str, str]] = set()
        """Where (arguments, or a variable), which needle, program, the container or nothing."""

    def _run(self) -> None:
        while not self._stop.wait(0.001):
            for process in Path("/proc").iterdir():
                if process.name.isdigit():
                    self._look(process)
            self.rounds += 1

    def _look(self, process: Path) -> None:
        before = self._who(process)
        for what in ("cmdline", "environ"):
            try:
                words = (process / what).read_bytes().split(b"\0")
            except OSError:
                continue
            for word, needle in itertools.product(words, self._needles):
                if needle in word:
                    key = word.partition(b"=")[0].decode("ascii", "replace")
                    where = "arguments" if what == "cmdline" else f"variable {key}"
                    # It may have become a container's meanwhile, or have ended.
                    who = self._who(process) or before or ("gone", "")
                    self.seen.add((where, needle, *who))

    @staticmethod
    def _who(process: Path) -> tuple[str, str] | None:
        try:
            program = (process / "comm").read_text().strip()
            found = CONTAINER.search((process / "cgroup").read_text())
        except OSError:
            return None
        return program, found[0] if found else ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@contextmanager
def containers_of(app_label: str) -> Iterator[set[str]]:
    """Collect the id of every container with a label that is made during a block."""
    made: set[str] = set()
    command = ["docker", "events", "--filter", f"label={app_label}", "--filter", "event=create"]

    def collect(lines: Iterable[str]) -> None:
        made.update(line.strip() for line in lines)

    with subprocess.Popen(
        [*command, "--format", "{{.ID}}"], stdout=subprocess.PIPE, text=True
    ) as events:
        thread = threading.Thread(target=collect, args=(events.stdout,))
        thread.start()
        try:
            yield made
        finally:
            events.terminate()
            thread.join()


class Sweep:
    """Every place at rest where a secret could have been left."""

    def __init__(self, root: Root, mark: str) -> None:
        self._root, self._mark = root, mark
        self._root_id = root.json("init")["root_id"]
        self.said: list[tuple[str, str]] = []
        """What commands have printed, with their words."""

    def note(self, done: Done, *words: str) -> Done:
        """Remember what a command has printed."""
        self.said.append((shlex.join(words), done.out + done.err))
        return done

    def finds(self) -> list[str]:
        """Return where the mark is, apart from where it belongs."""
        return sorted(
            [*self._files(), *self._containers(), *self._images(), *self._shown(), *self._printed()]
        )

    def _files(self) -> Iterator[str]:
        """Look into every file of the root but the store, which is its owner's alone."""
        for path in sorted(self._root.path.rglob("*")):
            status = path.lstat()
            if path.name.startswith("state.db") and path.parent == self._root.path:
                assert stat.S_IMODE(status.st_mode) == 0o600, path
            elif stat.S_ISREG(status.st_mode) and self._mark.encode() in path.read_bytes():
                yield f"file {path.relative_to(self._root.path)}"

    def _containers(self) -> Iterator[str]:
        """Look at every container of the engine that is not one of this root's apps."""
        own = f"label=dokkupy.root={self._root_id}"
        mine = docker("ps", "--all", "--quiet", "--no-trunc", "--filter", own).split()
        for container in docker("ps", "--all", "--quiet", "--no-trunc").split():
            if container not in mine and self._mark in self._asked("inspect", container):
                yield "container of others"

    def _images(self) -> Iterator[str]:
        own = f"label=dokkupy.root={self._root_id}"
        images = docker("images", "--all", "--quiet", "--no-trunc", "--filter", own).split()
        assert images
        for image in images:
            if self._mark in self._asked("history", "--no-trunc", image):
                yield "image history"
            if self._mark in self._asked("inspect", image):
                yield "image config"

    @staticmethod
    def _asked(*words: str) -> str:
        """Ask the engine about something that others may just have removed."""
        return subprocess.run(
            ["docker", *words], capture_output=True, text=True, check=False
        ).stdout

    def _shown(self) -> Iterator[str]:
        asked = [["events", "--num", "1000"]]
        for app in self._root.json("apps", "list"):
            name = app["name"]
            asked += [
                ["logs", name], ["logs", name, "--failed"], ["ps", "inspect", name],
                ["ps", "report", name], ["apps", "report", name], ["run", "list", name],
                ["nginx", "show-config", name], ["releases", "list", name],
            ]  # fmt: skip
            numbers = [row["number"] for row in self._root.json("releases", "list", name)]
            asked += [["releases", "show", name, str(number)] for number in numbers]
            asked += [
                ["releases", "diff", name, str(a), str(b)] for a, b in itertools.pairwise(numbers)
            ]
        for words in asked:
            for shape in ([], ["--json"]):
                done = self._root.cli(*words, *shape, code=None)
                if self._mark in done.out + done.err:
                    yield f"shown by {shlex.join(words)}"

    def _printed(self) -> Iterator[str]:
        yield from (f"printed by {words}" for words, text in self.said if self._mark in text)


class Ann:
    """Who comes by ssh."""

    def __init__(self, root: Root, sshd: PrivateSshd, sweep: Sweep) -> None:
        self._root, self._sshd, self._sweep = root, sshd, sweep
        self._key = sshd.make_key("ann")
        root.cli("ssh-keys", "add", "ann", stdin=self._key.with_suffix(".pub").read_bytes())

    def ask(self, *words: str, stdin: str = "", code: int | None = 0) -> Done:
        return self._run([*self._sshd.command(self._key), shlex.join(words)], stdin, code)

    def push(self, tree: Path, app: str, code: int) -> Done:
        remote = f"ssh://{self._sshd.address}/{app}"
        return self._run(["git", "-C", str(tree), "push", "--force", remote, "main"], "", code)

    def _run(self, command: list[str], stdin: str, code: int | None) -> Done:
        done = subprocess.run(
            command,
            input=stdin.encode(),
            env=os.environ | {"GIT_SSH_COMMAND": self._sshd.git_command(self._key)},
            capture_output=True,
            timeout=240,
            check=False,
        )
        result = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert code is None or result.code == code, result
        return self._sweep.note(result, *command[-3:])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    os.environ.pop("DOKKUPY_ROOT", None)
    made = make_root(tmp_path_factory.mktemp("secrets"))
    made.cli("checks", "set", "--global", "probation", "0.2")
    yield made
    remove_root(made)


def live_through_it(root: Root, ann: Ann, mark: str) -> None:
    """Do with secrets all that people do with them, and what goes wrong with them too."""
    tree = root.tree(EXAMPLES / "probe")
    change(tree, Dockerfile=DOCKERFILE, Procfile=PROCFILE)
    ann.ask("apps", "create", "shop")
    ann.ask("config", "import", "shop", stdin=json.dumps(marked(mark)))
    ann.push(tree, "shop", 0)
    assert root.get("shop.localhost", "/env/PEM").body == marked(mark)["PEM"]
    change(tree, Procfile="web: python app.py\nrelease: exit 3\n")
    ann.push(tree, "shop", 1)
    change(tree, Procfile=PROCFILE, Dockerfile=DOCKERFILE + "RUN false\n")
    ann.push(tree, "shop", 1)
    change(tree, Dockerfile=DOCKERFILE, app__py="raise SystemExit('broken')\n")
    ann.push(tree, "shop", 1)
    ann.ask("config", "set", "shop", f"SET_BY_ARGUMENT={mark} by\nargument")
    ann.ask("config", "import", "shop", stdin=f"OTHER='{mark} again'\nFAIL=1\n")
    ann.ask("run", "shop", "--", "sh", "-c", "echo ${#TOKEN}; exit 4", code=4)
    ann.ask("run", "--detach", "shop", "sleep", "60")
    ann.ask("ps", "scale", "shop", "web=2")
    ann.ask("config", "unset", "shop", "FAIL")
    ann.ask("rollback", "shop")
    ann.ask("run", "stop", "shop", "--all")
    ann.ask("apps", "rename", "shop", "store")
    ann.ask("ps", "restart", "store")
    for wrong in (
        f'KEY="{mark}',
        f"GOOD=1\n{mark}\n",
        f"{mark}+/==\n",
        f'{{"KEY": "{mark}',
        f'{{"KEY": ["{mark}"]}}',
        f"KEY={mark}\0",
        f"KEY={mark * 9000}",
    ):
        refused = ann.ask("config", "import", "store", stdin=wrong, code=None)
        assert refused.code in range(1, 16), refused
    ann.ask("config", "set", "store", mark, code=2)
    ann.ask("config", "set", "store", f"A B={mark}", code=2)
    ann.ask("config", "set", "store", f"KEY={mark}", f"--no-such={mark}"[:9], code=2)
    assert root.get("store.localhost", "/env/TOKEN").body == mark


def test_a_secret_is_seen_nowhere_but_in_the_store_and_the_app(root: Root, tmp_path: Path) -> None:
    mark, leaked = f"s3cr3t{secrets.token_hex(8)}", f"l34k3d{secrets.token_hex(8)}"
    sweep, mutant = Sweep(root, mark), Sweep(root, leaked)
    label = f"dokkupy.root={root.json('init')['root_id']}"
    with (
        PrivateSshd(tmp_path / "sshd", root.path / "ssh" / "authorized_keys") as sshd,
        containers_of(label) as own,
        Watch([mark.encode(), leaked.encode()]) as watch,
    ):
        live_through_it(root, Ann(root, sshd, sweep), mark)
        with leaks(root, mutant, leaked):
            eventually(lambda: {n for _, n, *_ in watch.seen} == {mark.encode(), leaked.encode()})
            left = mutant.finds()
        found = sweep.finds()
    assert found == []
    assert watch.rounds > 100
    strangers = {
        (where, program)
        for where, needle, program, container in watch.seen
        if needle == mark.encode() and not (container in own and where.startswith("variable"))
    }
    # What Ann types is in the arguments of her own client, and sshd has it in the environment.
    typed = {("arguments", "ssh"), *((w, p) for w, p in strangers if "SSH_ORIGINAL_COMMAND" in w)}
    assert strangers - typed == set()
    # The same look finds what does leak.
    assert {where for where, needle, *_ in watch.seen if needle == leaked.encode()} == {
        "arguments",
        "variable LEAK",
    }
    assert left == [
        "container of others",
        "file log/leak",
        "image config",
        "image history",
        "printed by a command",
        "shown by events --num 1000",
        "shown by events --num 1000",
    ]


@contextmanager
def leaks(root: Root, sweep: Sweep, mark: str) -> Iterator[None]:
    """Let a secret slip out everywhere."""
    root_id = root.json("init")["root_id"]
    (root.path / "log" / "leak").write_text(f"TOKEN={mark}\n")
    sweep.note(Done(0, "", f"Error: {mark}\n"), "a", "command")
    root.cli("apps", "lock", "store", "--reason", mark)
    root.cli("apps", "unlock", "store")
    container = docker("create", "--env", f"LEAK={mark}", "dokkupy/python:3", "true").strip()
    image = docker(
        "commit", f"--change=LABEL dokkupy.root={root_id}", f"--message={mark}", container
    ).strip()
    process = subprocess.Popen(
        [sys.executable, "-c", "input()", mark],
        stdin=subprocess.PIPE,
        env=os.environ | {"LEAK": mark},
    )
    try:
        yield
    finally:
        process.communicate(b"\n", timeout=30)
        docker("rm", container)
        docker("rmi", image)
        (root.path / "log" / "leak").unlink()
