"""The app `shop` on a platform of fakes, and what a test does to the world around it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from dokkupy import formation, pipeline, routes
from dokkupy.hookspecs import hookimpl
from dokkupy.names import AppName, ProcessName
from dokkupy.operations import apps
from dokkupy.scheduler_docker import ADDRESS, PROCESS, RELEASE
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
        addons: Sequence[object] = (),
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
            "app.json": json.dumps(
                {"healthchecks": found, "environments": {"test": {"addons": list(addons)}}}
            ),
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
