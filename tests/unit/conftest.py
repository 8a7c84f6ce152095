"""Roots without an engine, for tests of what needs none."""

from __future__ import annotations

import importlib
import io
import itertools
import json
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from dokkupy import authorized_keys, check, formation, git, jobs, pipeline, routes, runner
from dokkupy.hookspecs import hookimpl
from dokkupy.names import AppName, ProcessName
from dokkupy.operations import apps
from dokkupy.operations.registry import (
    CORE_OPERATIONS,
    make_operation,
    operations_of,
    spec_of,
)
from dokkupy.paths import Paths
from dokkupy.results import to_json
from dokkupy.scheduler_docker import ADDRESS, PROCESS, RELEASE
from dokkupy.store import Store
from dokkupy.testing import client
from dokkupy.testing.engine_fake import BASE
from dokkupy.testing.loopback import LoopbackServer
from dokkupy.testing.program import Program
from dokkupy.testing.sources import commit
from dokkupy.types import InstanceState, Line, ReleaseState

if TYPE_CHECKING:
    from dokkupy.deployment import Deployment
    from dokkupy.engine import ContainerInfo
    from dokkupy.platform import Platform
    from dokkupy.testing.engine_fake import FakeEngine
    from dokkupy.testing.proxy_fake import FakeProxy

# How long an example takes says more of the machine than of the code.
settings.register_profile("patient", deadline=None, max_examples=50)
settings.load_profile("patient")

STUB_RUNNER = (
    f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r});"
    " from stub_work import main; main()"
)
"""What a runner's interpreter is told so that it does the jobs of `stub_work.py`."""


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Make the folders of a root with an empty store."""
    paths = Paths(tmp_path / "root")
    paths.make()
    Store.create(paths.state_db)
    return paths


@pytest.fixture
def store(paths: Paths) -> Iterator[Store]:
    """Open the store of `paths` in the name of Ann."""
    store = Store(paths.state_db, actor="ann")
    yield store
    store.close()


@pytest.fixture
def stub_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the jobs of this process be those of `stub_work.py`."""
    monkeypatch.setattr(jobs, "RUNNER", STUB_RUNNER)


@pytest.fixture
def pushed_to(paths: Paths) -> Path:
    """Make the repository of the app `hello`; pushes to it start the jobs of `stub_work.py`."""
    repository = git.ensure_repo(paths, AppName("hello"))
    entries = [(repository / "hooks" / "proc-receive", git.HOOK)]
    entries += [(script, authorized_keys.ENTRY) for script in paths.ssh.glob("entry")]
    for script, statement in entries:
        text = script.read_text()
        assert statement in text
        stub = f"import dokkupy.jobs; dokkupy.jobs.RUNNER = {STUB_RUNNER!r}; "
        script.write_text(text.replace(statement, stub + statement))
    return repository


class Site:
    """A folder of installed distributions, each with one plugin written for a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.packages: list[str] = []

    def install(
        self,
        name: str,
        plugin: str,
        *,
        api: str = ">=1,<2",
        version: str = "1.2.3",
        distribution: str = "",
        **modules: str,
    ) -> Path:
        """Write a plugin's package and metadata; return the package's folder.

        `plugin` is the text of its entry module below the usual head; `modules` are the texts of
        the other modules of the package.
        """
        package = f"probe_{name.replace('-', '_')}"
        self.packages.append(package)
        home = self.folder / package
        home.mkdir()
        head = f'from dokkupy import Help, hookimpl, operation\nPLUGIN_API = "{api}"\n'
        for module, text in {"__init__": "", "plugin": plugin, **modules}.items():
            body = dedent(text)
            (home / f"{module}.py").write_text(head + body if module == "plugin" else body)
        distribution = distribution or f"dokkupy-plugin-{name}"
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        (info / "entry_points.txt").write_text(f"[dokkupy.plugins]\n{name} = {package}.plugin\n")
        importlib.invalidate_caches()
        return home

    def forget(self) -> None:
        """Let the next import read the packages anew, as the next process would."""
        importlib.invalidate_caches()
        for name in list(sys.modules):
            if name.partition(".")[0] in self.packages:
                del sys.modules[name]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Give a folder on `sys.path` to install plugins into."""
    site = Site(tmp_path / "site")
    monkeypatch.syspath_prepend(str(site.folder))
    yield site
    site.forget()


SOON = {"timeout": 0.3, "deadline": 0.6, "settle": 0.05}
"""Seconds of a check in an app.json; what passes here passes at once."""


def serving(body: str) -> Program:
    """Return a program that answers with `body` on `$PORT`."""
    return Program(listen="0.0.0.0", body=body)


class Shop:
    """The app `shop` on a platform of fakes: pushed to, visited, looked into."""

    name = AppName("shop")

    def __init__(
        self,
        platform: Platform,
        engine: FakeEngine,
        proxy: FakeProxy,
        monkeypatch: pytest.MonkeyPatch,
        muted: pytest.MonkeyPatch,
    ) -> None:
        self._monkeypatch, self._muted = monkeypatch, muted
        self.platform, self.engine, self.proxy = platform, engine, proxy
        self.store = platform.store
        self.told: list[Line] = []
        self._pushes = itertools.count(1)
        apps.create(platform, self.name)

    def source(
        self,
        processes: Mapping[str, Program | str],
        checks: Mapping[str, Mapping[str, object]] | None = None,
    ) -> str:
        """Commit a source whose processes do as they are told (text: serve it); return its id."""
        number = next(self._pushes)
        lines = []
        for process, program in processes.items():
            word = f"push-{number}-{process};"
            told = serving(program) if isinstance(program, str) else program
            self.engine.program(told, matching=word)
            lines.append(f"{process}: {word}")
        found = {
            process: [{**SOON, **(checks or {}).get(process, {})}]
            for process in processes
            if process not in ("release", "test")
        }
        files = {
            "Dockerfile": f"FROM {BASE}\n# {number}\n",
            "Procfile": "\n".join(lines),
            "app.json": json.dumps({"healthchecks": found}),
        }
        return commit(self.platform, self.name, files)

    def push(self, **processes: Program | str) -> Deployment:
        """Deploy a source whose processes do as they are told; `release` is its release task."""
        self.source(processes)
        return self.deploy()

    def deploy(self) -> Deployment:
        """Deploy what was committed last."""
        return pipeline.deploy(self.platform, self.told.append, app=self.name, revision="main")

    def set_config(self, assign: Mapping[str, str], unset: Sequence[str] = ()) -> Deployment:
        """Change config and deploy it."""
        return pipeline.change_config(
            self.platform, self.told.append, app=self.name, assign=assign, unset=unset
        )

    def roll_back(self, number: int | None = None, *, keep_config: bool = False) -> Deployment:
        """Go back to a release."""
        return pipeline.rollback(
            self.platform, self.told.append, app=self.name, number=number, keep_config=keep_config
        )

    def scale(self, **quantities: int) -> Deployment:
        """Change how many containers run."""
        wanted = {ProcessName(name): number for name, number in quantities.items()}
        return formation.scale(self.platform, self.told.append, app=self.name, quantities=wanted)

    def limit(
        self,
        process: str,
        *,
        memory: int | None = None,
        cpus: float | None = None,
        pids: int | None = None,
    ) -> Deployment:
        """Change the limits of a process."""
        return formation.limit(
            self.platform,
            self.told.append,
            app=self.name,
            process=ProcessName(process),
            memory=memory,
            cpus=cpus,
            pids=pids,
        )

    def restart(self, *processes: str) -> Deployment:
        """Replace containers."""
        named = [ProcessName(name) for name in processes]
        return formation.restart(self.platform, self.told.append, app=self.name, processes=named)

    def stop(self) -> Deployment:
        """Stop the app."""
        return formation.stop(self.platform, self.told.append, app=self.name)

    def start(self) -> Deployment:
        """Start the app."""
        return formation.start(self.platform, self.told.append, app=self.name)

    # What a test does to the world around it.

    def listen(
        self, platform: Platform | None = None, /, **functions: Callable[[], object]
    ) -> None:
        """Let hooks be implemented by a plugin of the test."""
        plugin = ModuleType("listening")
        for hook, function in functions.items():
            setattr(plugin, hook, hookimpl(lambda call=function: call()))
        (platform or self.platform).hooks.add("listening", plugin)

    def end_when_started(self, word: str) -> None:
        """Let each new container with a word in its name end as soon as it has been started."""
        start = self.engine.start

        def start_and_end(container: str) -> None:
            start(container)
            if word in self.engine.inspect(container).name:
                self.engine.crash(container, 9)

        self._monkeypatch.setattr(self.engine, "start", start_and_end)

    def mute(self) -> None:
        """Let every container close its connections in silence, until `unmute`."""
        self._muted.setattr(LoopbackServer, "_response", lambda *_: b"")

    def unmute(self) -> None:
        """Let every container answer again."""
        self._muted.undo()

    # What there is.

    def said(self, stream: str = "progress") -> list[str]:
        """Return the lines that were told, of one kind."""
        return [line.text for line in self.told if line.stream == stream]

    def visit(self, path: str = "/") -> tuple[int, str]:
        """Return status and body of a page, asked through the proxy."""
        port = self.proxy.status().http_port
        reply = client.get(port, f"{self.name}.example.test", path)
        return reply.status, reply.text

    def running(self) -> list[str]:
        """Return the containers that have the traffic and work, as `web.1 of 3`."""
        return [
            f"{instance.name} of {instance.release}"
            for instance in self.store.instances.list(self.name)
            if instance.state is InstanceState.LIVE
        ]

    def references(self) -> dict[str, str]:
        """Return the name of each container, such as web.1, with the scheduler's name for it."""
        return {i.name: i.reference for i in self.store.instances.list(self.name)}

    def ports(self) -> list[int]:
        """Return the ports that the proxy was told last."""
        [route] = self.proxy.applied[-1]
        return [endpoint.port for endpoint in route.endpoints]

    def containers(self) -> list[ContainerInfo]:
        """Return what the engine has of it, by process and release."""
        found = self.engine.containers({"dokkupy.app": self.name})
        return sorted(found, key=lambda c: (c.labels.get(PROCESS, ""), int(c.labels[RELEASE])))

    def releases(self) -> list[tuple[int, str]]:
        """Return number and state of each release, the oldest first."""
        return [(r.number, str(r.state)) for r in reversed(self.store.releases.list(self.name))]

    def assert_serves(self, body: str, running: list[str]) -> None:
        """Fail unless these containers and no others are there, and answer with `body`."""
        assert self.visit() == (200, body)
        assert self.running() == running
        self.assert_at_rest()

    def assert_at_rest(self) -> None:
        """Fail unless store, engine and proxy agree and nothing is half done."""
        assert self.store.rollouts.unfinished() == []
        assert [s for _, s in self.releases() if s == ReleaseState.PENDING] == []
        assert [s for _, s in self.releases() if s == ReleaseState.LIVE] in ([], ["live"])
        rows = self.store.instances.list(self.name)
        assert {str(row.state) for row in rows} <= {"live"}
        containers = self.containers()
        assert sorted(row.reference for row in rows) == sorted(c.id for c in containers)
        assert {(c.state, c.restart_policy) for c in containers} <= {("running", "unless-stopped")}
        sql = "SELECT address FROM addresses WHERE owner = ?1 OR owner LIKE ?1 || ' %'"
        held = {row["address"] for row in self.store.database.rows(sql, self.name)}
        assert held == {c.labels[ADDRESS] for c in containers}
        assert self.proxy.applied[-1] == tuple(routes.compute(self.platform))
        assert list(self.platform.paths.run.iterdir()) == []


@pytest.fixture
def shop(
    platform: Platform,
    fake_engine: FakeEngine,
    fake_proxy: FakeProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shop]:
    """Make the app `shop` on a platform of fakes."""
    monkeypatch.setattr(check, "LOOK_EVERY_SECONDS", 0.02)
    with pytest.MonkeyPatch.context() as muted:
        yield Shop(platform, fake_engine, fake_proxy, monkeypatch, muted)


class Asked:
    """The operations of the core, asked with text as a command line would, their jobs done here."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.told: list[Any] = []
        self.jobs: list[str] = []
        """The kinds of jobs that were started."""

    def __call__(
        self, title: str, *, stdin: bytes | None = None, **given: str | bool | Sequence[str] | None
    ) -> Any:
        """Do what `apps create` names and return its result, its lines kept in `told`."""
        noun, _, name = title.rpartition(" ")
        modules = [importlib.import_module(module) for module in CORE_OPERATIONS[noun]]
        functions = [f for module in modules for f in operations_of(module).values()]
        [function] = [f for f in functions if names(f, name)]
        operation = make_operation(noun, function)
        stream = None if stdin is None else io.BytesIO(stdin)
        result = operation.run(self.platform, operation.bind(given, stream))
        return self._drained(result) if isinstance(result, Generator) else result

    def _drained(self, stream: Generator[Line, None, object]) -> object:
        while True:
            try:
                self.told.append(next(stream))
            except StopIteration as end:
                return end.value

    def run_job(
        self, platform: Platform, kind: str, app: AppName | None, arguments: Mapping[str, object]
    ) -> Generator[Line, None, object]:
        """Stand in for `jobs.run`: the runner's work, done at once in this process."""
        self.jobs.append(kind)
        module, _, function = runner.WORK[kind].partition(":")
        lines: list[Line] = []
        given = {"app": app} if app else {}
        work = getattr(importlib.import_module(module), function)
        try:
            result = work(platform, lines.append, **given, **json.loads(json.dumps(arguments)))
        finally:
            yield from lines
        return json.loads(json.dumps(to_json(result)))


def names(function: object, name: str) -> bool:
    """Say whether an operation has that name."""
    spec = spec_of(function)
    return spec is not None and spec.name == name


@pytest.fixture
def ask(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Give the operations on a platform of fakes."""
    asked = Asked(platform)
    monkeypatch.setattr(jobs, "run", asked.run_job)
    return asked
