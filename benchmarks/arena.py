"""A private root to measure in: made in a temporary folder, removed with everything it had."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.tools import BenchmarkError, Tools, say
from dokkupy.testing.client import free_port

JOBS_END_WITHIN = 90.0
"""Seconds that deploys under way are waited for before the root goes."""


class Arena:
    """One root with its own proxy on a loopback port, driven through the command line."""

    def __init__(self, tools: Tools, folder: Path, port: int, root_id: str) -> None:
        self.tools = tools
        self.folder = folder
        self.root = folder / "root"
        self.port = port
        self.id = root_id

    def command(self, *words: str) -> list[str]:
        """Return the whole command line of an operation on this root."""
        return [self.tools.dokkupy, "--root", str(self.root), *words]

    def run(self, *words: str) -> str:
        """Run an operation and return what it prints.

        Raises:
            BenchmarkError: it fails.
        """
        return self.tools.run(self.command(*words), cwd=self.folder)

    def ask(self, *words: str) -> Any:
        """Run an operation and return its result."""
        return json.loads(self.run(*words, "--json"))

    def host(self, app: str) -> str:
        """Return the host name that an app answers to."""
        return f"{app}.localhost"


@contextmanager
def arena(tools: Tools) -> Iterator[Arena]:
    """Make a root, start its proxy, and remove all of it at the end, however that comes."""
    folder = Path(tempfile.mkdtemp(prefix="dokkupy-benchmark-"))
    found: Arena | None = None
    try:
        port = free_port()
        made = Arena(tools, folder, port, "")
        where = ["--http-port", str(port), "--https-port", str(free_port())]
        root_id = made.ask("init", *where, "--domain", "localhost")["root_id"]
        found = Arena(tools, folder, port, root_id)
        found.run("nginx", "set", "--global", "bind-address-ipv4", "127.0.0.1")
        found.run("nginx", "set", "--global", "bind-address-ipv6", "none")
        found.run("up")
        yield found
    finally:
        with undisturbed():
            if found is not None:
                remove(found)
            shutil.rmtree(folder, ignore_errors=True)


def remove(arena: Arena) -> None:
    """Take away the proxy, the containers, the images and the network of a root."""
    _await_jobs(arena.root / "jobs")
    try:
        arena.run("down")
    except BenchmarkError as error:
        say(f"`dokkupy down` failed, so its processes are ended one by one: {error}")
        _end_processes(str(arena.root))
    remove_labelled(arena.tools, f"dokkupy.root={arena.id}")


def remove_labelled(tools: Tools, label: str) -> None:
    """Remove the containers, volumes, networks and images that carry a label."""
    docker, here = tools.docker, Path("/")
    only = f"--filter=label={label}"
    for listed, removed in (
        (["container", "ls", "--all"], ["container", "rm", "--force", "--volumes"]),
        (["volume", "ls"], ["volume", "rm", "--force"]),
        (["network", "ls"], ["network", "rm"]),
        (["image", "ls"], ["image", "rm", "--force"]),
    ):
        ids = set(tools.run([docker, *listed, "--quiet", only], cwd=here).split())
        if ids:
            tools.attempt([docker, *removed, *sorted(ids)], cwd=here)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let no signal cut a clean-up short."""
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {name: signal.signal(name, signal.SIG_IGN) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _await_jobs(folder: Path) -> None:
    """Wait for the detached runners; each holds its job's lock as long as it lives."""
    until = time.monotonic() + JOBS_END_WITHIN
    for lock in sorted(folder.glob("*/lock")):
        with suppress(FileNotFoundError), lock.open("rb") as file:
            while time.monotonic() < until:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.05)


def _end_processes(root: str) -> None:
    """End what names this root on its command line, which nothing else on the machine does."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if root in (entry / "cmdline").read_bytes().decode(errors="replace"):
                    os.kill(int(entry.name), signal.SIGTERM)
