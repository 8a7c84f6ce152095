"""A private root on the real engine, nginx and git, driven through the command line."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
# At the end, so that dokkupy stays the installed one: some tests load with the benchmarks' client.
sys.path.append(str(REPOSITORY))
EXAMPLES = REPOSITORY / "examples"
BROKEN = REPOSITORY / "tests" / "apps"
PROBATION_SECONDS = "0.5"
"""Shorter than the default 5, for the sake of the many deploys below; see test_failures."""
LONGEST_FIRST = (
    "test_buildpacks",
    "test_locked_packages",
    "test_crashes",
    "test_plugin_life",
    "test_failures",
    "test_engine_faults",
    "test_push",
    "test_secrets",
    "test_sources",
    "test_plugin_new",
    "test_mysql",
    "test_services_of_tests",
    "test_obstacles",
    "test_quickstart",
    "test_reboots",
    "test_mysql_commits",
    "test_mysql_reboots",
)
"""The files that take a minute and more: one of them begun last would keep one worker waiting."""
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; the order within a file stays as it is."""
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@dataclass(frozen=True, slots=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, read as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a visitor gets; status 0 when the connection was closed without an answer."""

    status: int
    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Root:
    """One self-contained dokkupy with its own proxy port."""

    path: Path
    port: int
    work: Path

    def cli(self, *words: str, stdin: bytes = b"", code: int | None = 0) -> Done:
        """Run one command; fail the test when it ends with another exit code than `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "dokkupy", "--root", str(self.path), *words],
            input=stdin,
            capture_output=True,
            timeout=180,
            check=False,
        )
        result = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert code is None or result.code == code, f"{words}: {result}"
        return result

    def json(self, *words: str) -> Any:
        """Run one command and return what it says with `--json`."""
        return self.cli(*words, "--json").json

    def get(
        self,
        host: str,
        path: str = "/",
        *,
        timeout: float = 30,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Request a page through the proxy on a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path, headers={"Host": host, **(headers or {})})
            response = connection.getresponse()
            body = response.read().decode("utf-8", "replace")
            return Answer(response.status, body, dict(response.getheaders()))
        except (http.client.BadStatusLine, ConnectionResetError):
            return Answer(0, "", {})
        finally:
            connection.close()

    def create(self, app: str | None = None) -> str:
        """Make an app, by default of a fresh name, and return its name."""
        name = app or f"app{next(_numbers)}"
        self.cli("apps", "create", name)
        return name

    def tree(self, source: Path) -> Path:
        """Return a copy of an app as a git repository with one commit."""
        folder = self.work / f"tree{next(_numbers)}"
        shutil.copytree(source, folder, symlinks=True)
        git(folder, "init", "--quiet", "--initial-branch=main")
        commit(folder, "first")
        return folder

    def push(self, tree: Path, app: str, *refs: str, code: int | None = 0) -> Done:
        """Push by path; refs default to `main`."""
        remote = self.json("git", "remote", app)["path"]
        done = subprocess.run(
            ["git", "-C", str(tree), "push", "--force", remote, *(refs or ("main",))],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        result = Done(done.returncode, done.stdout, done.stderr)
        assert code is None or result.code == code, result
        return result

    def deployed(self, source: Path, app: str | None = None, **files: str) -> tuple[str, Path]:
        """Make an app, push a source to it with some files replaced; return name and tree."""
        name = self.create(app)
        tree = self.tree(source)
        if files:
            change(tree, **files)
        self.push(tree, name)
        return name, tree

    def containers(self, app: str) -> list[str]:
        """Return the ids of the app's containers, stopped ones too, as the engine knows them."""
        root_id = self.json("init")["root_id"]
        return docker(
            "ps",
            "--all",
            "--quiet",
            "--no-trunc",
            f"--filter=label=dokkupy.root={root_id}",
            f"--filter=label=dokkupy.app={app}",
        ).split()


def docker(*words: str) -> str:
    """Ask the engine and return what it says."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=True)
    return done.stdout


def git(folder: Path, *words: str) -> str:
    """Run git in a folder and return what it says."""
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    done = subprocess.run(
        ["git", "-C", str(folder), *author, *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def commit(folder: Path, message: str) -> str:
    """Commit all that a folder holds and return the commit id."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD").strip()


def change(folder: Path, **files: str) -> str:
    """Write files (`__` in a name stands for a dot) and commit them."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return commit(folder, "change")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_root(folder: Path) -> Root:
    """Make a root on a free port and start it."""
    root = Root(path=folder / "root", port=free_port(), work=folder)
    root.cli("init", "--http-port", str(root.port), "--https-port", str(free_port()))
    root.cli("checks", "set", "--global", "probation", PROBATION_SECONDS)
    root.cli("up")
    return root


def remove_root(root: Root) -> None:
    """Take away everything that a root has in the engine, and its proxy.

    Behind its back: to destroy its apps one by one takes longer than some tests of them.
    """
    own = f"--filter=label=dokkupy.root={root.json('init')['root_id']}"
    for kind, words in {
        "container": ["ls", "--all", "--quiet", own],
        "volume": ["ls", "--quiet", own],
        "network": ["ls", "--quiet", own],
        "image": ["ls", "--quiet", own],  # the newest first, so none before what is built on it
    }.items():
        if kind == "network":
            root.cli("down", code=None)
        there = dict.fromkeys(docker(kind, *words).split())
        if there:
            force = [] if kind == "network" else ["--force"]
            docker(kind, "rm", *force, *there)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """Give a root that the tests of a module share; each test makes apps of its own.

    One for all modules would fill with apps, and a change of global config deploys them all.
    """
    os.environ.pop("DOKKUPY_ROOT", None)
    made = make_root(tmp_path_factory.mktemp("dokkupy"))
    yield made
    remove_root(made)
