"""The contract of a plugin over the life of an app: it contributes without a trace, and goes."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pytest

from dokkupy import hookspecs
from dokkupy.hookspecs import POLICIES
from dokkupy.names import AppName
from dokkupy.testing.contracts.plugin_fixtures import PluginFixtures, state

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.testing.cli import Cli
    from dokkupy.testing.engine_fake import FakeEngine
    from dokkupy.testing.proxy_fake import FakeProxy

NEW: Final = AppName("contract-new")
_GIVEN: Final[Mapping[str, Sequence[object]]] = {"phase": ("build", "run"), "process": ("web", "")}
"""What contributing hooks are asked beside the app, each with the values that are tried."""


class AppsContract(PluginFixtures):
    """What a plugin may do to apps, and what may be left of it."""

    def test_contributing_changes_nothing(self, platform: Platform, app: AppName) -> None:
        before = state(platform)
        contributions(platform, app)
        assert state(platform) == before

    def test_contributing_gives_the_same_answer_twice(
        self, platform: Platform, app: AppName
    ) -> None:
        first = contributions(platform, app)
        assert contributions(platform, app) == first

    def test_contributing_asks_neither_engine_nor_proxy(
        self,
        platform: Platform,
        app: AppName,
        fake_engine: FakeEngine,
        fake_proxy: FakeProxy,
    ) -> None:
        from dokkupy.platform import Platform

        engine, proxy = Listening(fake_engine), Listening(fake_proxy)
        watched = Platform(
            platform.paths.root,
            engine=engine,
            proxy=proxy,
            plugins=[self.name],
        )
        contributions(watched, app)
        watched.close()
        assert engine.asked + proxy.asked == []

    def test_nothing_is_left_of_a_destroyed_app(
        self, platform: Platform, app: AppName, cli: Cli
    ) -> None:
        platform.store.apps.create(NEW)
        self.use(platform, NEW)
        done = cli("apps", "destroy", app, "--force")
        assert done.exit_code == 0, done.stderr
        assert_nowhere(platform, app)

    def test_everything_of_a_renamed_app_has_its_new_name(
        self, platform: Platform, app: AppName, cli: Cli
    ) -> None:
        before = len(state(platform)[0])
        done = cli("apps", "rename", app, NEW)
        assert done.exit_code == 0, done.stderr
        # A host that somebody chose may well have the old name in it.
        old = re.compile(rf"(?<![\w.-]){app}(?![\w.-])")
        assert not [row for row in state(platform)[0] if old.search(row)]
        assert not about(platform, app)[1]
        assert len(state(platform)[0]) == before, "not everything that was kept has moved"

    def test_a_clone_holds_nothing_of_its_origins_own(
        self, platform: Platform, app: AppName, cli: Cli
    ) -> None:
        before = set(state(platform)[0])
        done = cli("apps", "clone", app, NEW)
        assert done.exit_code == 0, done.stderr
        rows = set(state(platform)[0]) - before
        assert not [row for row in rows if f"'{NEW}'" in row and app in row]

    def test_a_destroyed_clone_takes_nothing_with_it(
        self, platform: Platform, app: AppName, cli: Cli
    ) -> None:
        before = about(platform, app)
        for words in (["clone", app, NEW], ["destroy", NEW, "--force"]):
            done = cli("apps", *words)
            assert done.exit_code == 0, done.stderr
        assert about(platform, app) == before

    def test_an_app_outlives_the_plugin(
        self, platform: Platform, app: AppName, cli: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DOKKUPY_PLUGINS", "")
        monkeypatch.setattr(platform.hooks, "_only", ())
        platform.hooks.forget()
        platform.properties.__dict__.get("_declared", {}).clear()
        for words in (["report", app], ["clone", app, NEW], ["destroy", NEW, "--force"]):
            done = cli("apps", *words)
            assert done.exit_code == 0, done.stderr
        assert cli("apps", "destroy", app, "--force").exit_code == 0
        assert about(platform, app)[0] == []

    def test_hooks_fail_at_no_app(self, platform: Platform, app: AppName, cli: Cli) -> None:
        told = (["destroy", app, "--force"], ["create", NEW], ["rename", NEW, app], ["report", app])
        for words in told:
            done = cli("apps", *words)
            assert (done.exit_code, platform.hooks.warnings) == (0, []), done.stderr


class Listening:
    """Passes everything on to another object and remembers what was asked for."""

    def __init__(self, inner: object) -> None:
        self._inner = inner
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._inner, name)


def contributions(platform: Platform, app: AppName) -> dict[str, object]:
    """Return what every contributing hook gives for an app."""
    found: dict[str, object] = {}
    for hook in (name for name, policy in POLICIES.items() if policy == "contribute"):
        asked = inspect.signature(getattr(hookspecs, hook)).parameters
        more = [name for name in asked if name not in ("platform", "app")]
        for values in itertools.product(*(_GIVEN[name] for name in more)):
            given = dict(zip(more, values, strict=True))
            found[f"{hook} {given}"] = getattr(platform.hooks, hook)(app=app, **given)
    return found


def about(platform: Platform, app: str) -> tuple[list[str], list[str]]:
    """Return the rows of the store and the files that hold the name of an app."""
    rows, files = state(platform)
    return [row for row in rows if app in row], [path for path in files if app in path]


def assert_nowhere(platform: Platform, app: str) -> None:
    """Fail when the store or a file's name still holds the name of an app."""
    assert about(platform, app) == ([], [])
