"""A root on fakes that can be compared with what it was, and made that again."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

from dokkupy import pipeline, runner
from dokkupy.cli.main import run
from dokkupy.errors import ProxyRefused
from dokkupy.names import AppName
from dokkupy.operations import apps
from dokkupy.paths import Paths
from dokkupy.platform import Platform
from dokkupy.results import to_json
from dokkupy.store import Store
from dokkupy.testing.client import free_port
from dokkupy.testing.engine_fake import BASE, FakeEngine
from dokkupy.testing.loopback import loopback_subnets
from dokkupy.testing.program import Program
from dokkupy.testing.proxy_fake import FakeProxy
from dokkupy.testing.sources import commit

if TYPE_CHECKING:
    from dokkupy.types import Line

LIVE = AppName("shop")
"""An app that is deployed."""
BARE = AppName("fresh")
"""One that was only made."""
NO_STATE = ("cache", "locks", "state.db")
"""Begins the name of what a refusal may leave in a root: what is no state, and what is compared
by its content."""

HISTORY = (
    'INSERT INTO "events"',
    'INSERT INTO "sqlite_sequence"',
    "DELETE FROM",
    *(f"INSERT INTO \"documents\" VALUES('{app}','pipeline','failure'" for app in (LIVE, BARE)),
)
"""Begins what a dump of the store says of what was tried; that it failed may be told."""

Entry = tuple[int, str, bytes]
"""Of a file: its mode, where it links to, its bytes."""


class Answer(NamedTuple):
    """What a command came to."""

    exit_code: int
    out: str
    err: str


class World:
    """Everything that an operation can change, in one folder and in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        self._pristine = folder / "pristine"
        self._known: dict[str, tuple[tuple[int, ...], Entry]] = {}
        self.engine, self.proxy = FakeEngine(), listening()
        self._make()

    def platform(self, root: Path | None = None, actor: str = "test", **_: object) -> Platform:
        """Open the root as one command does; it must be asked for this very root."""
        assert root in (None, self.root), root
        return Platform(self.root, actor=actor, engine=self.engine, proxy=self.proxy)

    def command(self, words: Sequence[str], stdin: bytes) -> Answer:
        """Run a command as `main` does, its input in a pipe, its output nobody's terminal."""
        out, err, typed = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(3))
        typed.buffer.write(stdin)
        typed.seek(0)
        with patch.multiple(sys, stdin=typed, stdout=out, stderr=err):
            code = run(["--root", str(self.root), *words])
        return Answer(code, _written(out), _written(err))

    def run_job(
        self, platform: Platform, kind: str, app: AppName | None, arguments: Mapping[str, object]
    ) -> Generator[Line, None, object]:
        """Do the work of a runner at once, in this process."""
        module, _, function = runner.WORK[kind].partition(":")
        lines: list[Line] = []
        given = {"app": app} if app else {}
        try:
            work = getattr(import_module(module), function)
            told = json.loads(json.dumps(arguments))
            result = work(platform, lines.append, **given, **told)
        finally:
            yield from lines
        return json.loads(json.dumps(to_json(result)))

    def state(self) -> dict[str, object]:
        """Return everything that an operation can change."""
        with closing(sqlite3.connect(self.root / "state.db")) as store:
            dump = tuple(store.iterdump())
        containers = sorted((c.id, c.state) for c in self.engine.containers({}))
        images = sorted((image.id, image.tags) for image in self.engine.images({}))
        networks = sorted(self.engine.networks({}))
        return {
            "files": self._files(),
            "store": tuple(row for row in dump if not row.startswith(HISTORY)),
            "engine": (containers, images, networks),
            "routes": self.proxy.applied[-1:],
        }

    def repair(self, before: Mapping[str, object]) -> dict[str, object]:
        """Make the world what it was, after something was done in it; return its state."""
        now = self.state()
        if (now["engine"], now["routes"]) != (before["engine"], before["routes"]):
            self._make()
            return self.state()
        self._restore(now["files"], before["files"])
        with (
            closing(sqlite3.connect(self._pristine / "state.db")) as old,
            closing(sqlite3.connect(self.root / "state.db")) as new,
        ):
            old.backup(new)
        return self.state()

    def close(self) -> None:
        """Stop what listens."""
        self.proxy.stop()
        self.engine.close()

    def _make(self) -> None:
        self.close()
        for folder in (self.root, self._pristine):
            shutil.rmtree(folder, ignore_errors=True)
        self._known = {}
        self.engine, self.proxy = FakeEngine(), listening()
        paths = Paths(self.root)
        paths.make()
        Store.create(paths.state_db)
        platform = self.platform()
        for key, value in {
            "root_id": "0ddba115",
            "domain": "example.test",
            "http_port": str(self.proxy.status().http_port),
            "https_port": str(free_port()),
            "subnet": next(loopback_subnets()),
        }.items():
            platform.store.meta.set(key, value)
        for key in ("probation", "drain", "grace"):
            platform.properties.set("checks", "", key, "0.05")
        apps.create(platform, BARE)
        apps.create(platform, LIVE)
        files = {
            "Dockerfile": f"FROM {BASE}\n",
            "Procfile": "web: serve-it\nworker: work-it\n",
            "app.json": json.dumps({"healthchecks": {"worker": [{"settle": 0.01}]}}),
        }
        commit(platform, LIVE, files)
        # Whatever else runs beside the app ends at once.
        self.engine.program(Program(exits=0))
        self.engine.program(Program(listen="0.0.0.0"), matching="serve-it")
        self.engine.program(Program(), matching="work-it")
        pipeline.deploy(platform, lambda _: None, app=LIVE, revision="main")
        platform.store.config.change(LIVE, {"SECRET": "of the shop"}, ())
        platform.close()
        shutil.copytree(self.root, self._pristine, symlinks=True)

    def _files(self) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for folder, folders, files in os.walk(self.root):
            at = os.path.relpath(folder, self.root)
            folders[:] = [name for name in folders if at != "." or not name.startswith(NO_STATE)]
            for name in (*folders, *files):
                if at != "." or not name.startswith(NO_STATE):
                    found[os.path.normpath(f"{at}/{name}")] = self._entry(f"{folder}/{name}")
        return found

    def _entry(self, path: str) -> Entry:
        status = os.lstat(path)
        stamp = (status.st_ino, status.st_mode, status.st_size, status.st_ctime_ns)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            plain = stat.S_ISREG(status.st_mode)
            link = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""  # noqa: PTH115
            entry = (status.st_mode, link, Path(path).read_bytes() if plain else b"")
            known = self._known[path] = stamp, entry
        return known[1]

    def _restore(self, now: Any, before: Any) -> None:
        for name in sorted(now.keys() - before.keys(), reverse=True):
            path = self.root / name
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        for name in sorted(before):
            if now.get(name) == before[name]:
                continue
            path, old = self.root / name, self._pristine / name
            if old.is_dir():
                path.mkdir(exist_ok=True)
            else:
                shutil.copy2(old, path, follow_symlinks=False)
            path.chmod(stat.S_IMODE(before[name][0]))


def listening() -> FakeProxy:
    """Return a proxy that has its port: a free one may be taken before it is used."""
    while True:
        proxy = FakeProxy(free_port())
        with suppress(ProxyRefused):
            proxy.apply([])
            return proxy


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
