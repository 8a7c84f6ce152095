"""The contract of a plugin package: names agree, light to import, documented, leaves nothing."""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import json
import re
import subprocess
import sys
import types
import typing
from collections.abc import Generator, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest

from dokkupy import types as dokkupy_types
from dokkupy.hookspecs import POLICIES
from dokkupy.names import AppName
from dokkupy.operations.registry import (
    CORE_OPERATIONS,
    Operation,
    make_operation,
    operations_of,
)
from dokkupy.platform import Platform
from dokkupy.plugins import GROUP, Loaded, PluginState, Selection, discover, gate, load
from dokkupy.proxy import NoProxy
from dokkupy.store import Store
from dokkupy.types import PropertyGroup

HEAVY: Final = (
    "docker",
    "git",
    "rich",
    "jinja2",
    "pydantic",
    "httpx",
    "asyncio",
    "typer",
    "idna",
)
"""What no entry module may import: every command that runs a hook of the plugin would pay."""

_PLAIN: Final = (str, int, float, bool, type(None), Path, enum.Enum)


class PluginContract:
    """Subclass it as `Test…` in the plugin's `tests/test_contract.py` and set `name`."""

    name: ClassVar[str]
    """The name of the plugin: of its entry point, and in its other names."""

    def use(self, platform: Platform, app: AppName) -> None:
        """Let the plugin keep something for `app`; override it where it can."""

    @pytest.fixture
    def plugin(self) -> PluginState:
        """Give the plugin as it is installed."""
        found = [one for one in discover(Selection()) if one.name == self.name]
        assert found, f"no installed distribution has the entry point {self.name} in {GROUP}"
        return found[0]

    @pytest.fixture
    def loaded(self, plugin: PluginState) -> Loaded:
        """Give the plugin after its import."""
        state = gate(plugin)
        assert state.state == "enabled", state.reason
        loaded = load(state)
        assert loaded.plugin.state == "enabled", loaded.plugin.reason
        return loaded

    @pytest.fixture
    def operations(self, loaded: Loaded) -> list[Operation]:
        """Give every operation of the plugin."""
        return [
            make_operation(noun, function)
            for noun, module in self._nouns(loaded).items()
            for function in operations_of(importlib.import_module(module)).values()
        ]

    @pytest.fixture
    def properties(self, loaded: Loaded) -> PropertyGroup | None:
        """Give the settings of the plugin, if it has any."""
        for item in loaded.hooks.get("register_properties", ()):
            group = item.function()
            assert isinstance(group, PropertyGroup)
            return group
        return None

    @pytest.fixture
    def platform(self, tmp_path: Path) -> Iterator[Platform]:
        """Give a root of its own in which this plugin alone takes part."""
        platform = Platform(tmp_path / "root", proxy=NoProxy(), plugins=[self.name])
        platform.paths.make()
        Store.create(platform.paths.state_db)
        platform.store.meta.set("root_id", "contract")
        platform.store.meta.set("domain", "example.test")
        yield platform
        platform.close()

    @property
    def readme(self) -> str:
        """The README beside the tests."""
        return (Path(inspect.getfile(type(self))).parents[1] / "README.md").read_text()

    def test_names_of_distribution_module_and_entry_point_agree(self, plugin: PluginState) -> None:
        package = f"dokkupy_{self.name.replace('-', '_')}"
        assert plugin.distribution == f"dokkupy-plugin-{self.name}"
        assert plugin.module.partition(".")[0] == package
        assert [e.name for e in entry_points(group=GROUP) if e.value == plugin.module] == [
            self.name
        ]

    def test_declares_an_api_range_that_this_dokkupy_is_in(self, plugin: PluginState) -> None:
        assert gate(plugin).state == "enabled", gate(plugin).reason

    def test_every_hook_fits_its_specification(self, loaded: Loaded) -> None:
        assert loaded.hooks, "it implements no hook"
        assert loaded.hooks.keys() <= POLICIES.keys()

    def test_entry_module_imports_nothing_heavy(self, plugin: PluginState) -> None:
        program = (
            "import importlib, json, sys\n"
            f"importlib.import_module({plugin.module!r})\n"
            f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
        )
        assert json.loads(done.stdout) == []

    def test_nouns_are_plain_words_and_not_the_cores(self, loaded: Loaded) -> None:
        for noun in self._nouns(loaded):
            assert re.fullmatch(r"[a-z][a-z0-9-]*", noun)
            assert noun not in CORE_OPERATIONS

    def test_every_operation_says_what_it_does(self, operations: list[Operation]) -> None:
        for operation in operations:
            assert operation.spec.summary, operation.title
            assert len(operation.spec.summary) <= 72, operation.title
            assert inspect.getdoc(operation.function), f"{operation.title} has no docstring"

    def test_every_result_can_be_shown_as_json(self, operations: list[Operation]) -> None:
        for operation in operations:
            problem = why_not_json(result_of(operation.function))
            assert not problem, f"{operation.title} returns {problem}"

    def test_readme_names_every_operation_setting_and_hook(
        self, loaded: Loaded, operations: list[Operation], properties: PropertyGroup | None
    ) -> None:
        wanted = [operation.title for operation in operations]
        wanted += [item.name for item in properties.properties] if properties else []
        wanted += loaded.hooks
        missing = [text for text in wanted if text not in self.readme]
        assert not missing, f"the README does not mention {', '.join(missing)}"

    def test_every_setting_has_help_and_a_default_that_it_accepts(
        self, platform: Platform, properties: PropertyGroup | None
    ) -> None:
        if properties is None:
            return
        assert all(item.help for item in properties.properties)
        platform.store.apps.create(AppName("contract-app"))
        assert platform.properties.values(properties.noun, "contract-app").keys() == {
            item.name for item in properties.properties
        }

    def test_contributing_is_pure(self, platform: Platform) -> None:
        app = AppName("contract-app")
        platform.store.apps.create(app)
        self.use(platform, app)
        before = self._state(platform)
        first = self._contributions(platform, app)
        assert self._contributions(platform, app) == first
        assert self._state(platform) == before

    def test_nothing_is_left_of_a_destroyed_app(self, platform: Platform) -> None:
        kept, gone = AppName("contract-kept"), AppName("contract-gone")
        for app in (kept, gone):
            platform.store.apps.create(app)
            platform.hooks.app_created(app=app)
            self.use(platform, app)
        platform.hooks.app_destroying(app=gone)
        platform.store.apps.destroy(gone)
        platform.hooks.app_destroyed(app=gone)
        rows, files = self._state(platform)
        assert not [row for row in rows if gone in row]
        assert not [path for path in files if gone in path]

    def _nouns(self, loaded: Loaded) -> dict[str, str]:
        found: dict[str, str] = {}
        for item in loaded.hooks.get("register_operations", ()):
            nouns = item.function()
            assert isinstance(nouns, Mapping)
            found |= nouns
        return found

    def _contributions(self, platform: Platform, app: AppName) -> dict[str, object]:
        given: dict[str, list[dict[str, object]]] = {
            "env_compile": [{"phase": "build"}, {"phase": "run"}]
        }
        return {
            f"{hook} {more}": getattr(platform.hooks, hook)(app=app, **more)
            for hook, policy in POLICIES.items()
            if policy == "contribute"
            for more in given.get(hook, [{}])
        }

    def _state(self, platform: Platform) -> tuple[list[str], list[str]]:
        """Return every row of the store but the events, and every file of the root."""
        dump = platform.store.database.connection.iterdump()
        rows = [line for line in dump if not line.startswith('INSERT INTO "events"')]
        files = (path for path in platform.paths.root.rglob("*") if path.is_file())
        # The journal of the store comes and goes; the index of plugins is the core's.
        names = (str(path.relative_to(platform.paths.root)) for path in files)
        ours = ("state.db", "cache/index")
        return rows, sorted(name for name in names if not name.startswith(ours))


def result_of(function: Any) -> Any:
    """Return the resolved return type of an operation."""
    annotation = function.__annotations__.get("return")
    known = {name: getattr(dokkupy_types, name) for name in dir(dokkupy_types)}
    return typing.get_type_hints(
        types.SimpleNamespace(__annotations__={"result": annotation}),
        globalns={**known, **function.__globals__},
    )["result"]


def why_not_json(kind: Any) -> str:
    """Return the part of a type that has no place in JSON, empty when there is none."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    parts: Sequence[Any] = ()
    if origin is Generator:
        parts = inner[2:]
    elif origin in (typing.Union, types.UnionType, list, tuple, Sequence):
        parts = [one for one in inner if one is not ...]
    elif origin in (dict, Mapping) and inner[0] is str:
        parts = inner[1:]
    elif isinstance(kind, type) and dataclasses.is_dataclass(kind):
        parts = list(typing.get_type_hints(kind).values())
    elif not (origin is typing.Literal or kind is Any or _plain(kind)):
        return repr(kind)
    return next(filter(None, map(why_not_json, parts)), "")


def _plain(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, _PLAIN)
