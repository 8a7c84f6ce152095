"""The contract of a plugin as a package: names agree, light to import, documented, alone or not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackagePath, distribution, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from dokkupy.hookspecs import POLICIES
from dokkupy.operations.registry import CORE_OPERATIONS, Operation
from dokkupy.plugins import GROUP, Loaded, PluginState, Selection, gate, load
from dokkupy.testing.contracts.plugin_fixtures import PluginFixtures, nouns_of

if TYPE_CHECKING:
    from dokkupy.platform import Platform
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
    "cryptography",
)
"""What no entry module may import: every command that runs a hook of the plugin would pay."""

_ALONE: Final = """
import importlib, sys

class Shut:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {others!r}:
            raise ModuleNotFoundError("not installed: " + name, name=name)

sys.meta_path.insert(0, Shut())
for module in {modules!r}:
    importlib.import_module(module)
"""


class PackageContract(PluginFixtures):
    """What can be said of a plugin before it has done anything."""

    def test_names_of_distribution_module_and_entry_point_agree(self, plugin: PluginState) -> None:
        package = f"dokkupy_{self.name.replace('-', '_')}"
        assert plugin.distribution == f"dokkupy-plugin-{self.name}"
        assert plugin.module.partition(".")[0] == package
        assert [e.name for e in entry_points(group=GROUP) if e.value == plugin.module] == [
            self.name
        ]

    def test_installs_nothing_but_its_own_package(self, plugin: PluginState) -> None:
        package = plugin.module.partition(".")[0]
        foreign = [
            str(file)
            for file in distribution(plugin.distribution).files or ()
            if not _belongs(file, package)
        ]
        assert not foreign, f"it installs {', '.join(foreign)}, outside of {package}"

    def test_declares_an_api_range_that_this_dokkupy_is_in(self, plugin: PluginState) -> None:
        found = gate(plugin)
        assert found.state != "incompatible", found.reason

    def test_can_be_imported(self, plugin: PluginState) -> None:
        found = gate(plugin)
        if found.state == "incompatible":
            pytest.skip(f"it must not be loaded: {found.reason}")
        assert found.state == "enabled", found.reason
        reason = load(found).plugin.reason
        assert "cannot be imported" not in reason, reason

    def test_every_hook_fits_its_specification(self, plugin: PluginState) -> None:
        found = gate(plugin)
        loaded = load(found) if found.state == "enabled" else Loaded(plugin=found)
        if found.state != "enabled" or "cannot be imported" in loaded.plugin.reason:
            pytest.skip(f"it cannot be loaded: {loaded.plugin.reason}")
        assert loaded.plugin.state == "enabled", loaded.plugin.reason
        assert loaded.hooks, "it implements no hook"
        assert loaded.hooks.keys() <= POLICIES.keys()

    def test_entry_module_imports_nothing_heavy(self, loaded: Loaded) -> None:
        program = (
            "import importlib, json, sys\n"
            f"importlib.import_module({loaded.plugin.module!r})\n"
            f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))\n"
        )
        heavy = json.loads(_python(program))
        assert heavy == [], f"importing {loaded.plugin.module} imports {', '.join(heavy)}"

    def test_works_with_nothing_else_installed(self, loaded: Loaded) -> None:
        others = {e.module.partition(".")[0] for e in entry_points(group=GROUP)}
        modules = [loaded.plugin.module, *nouns_of(loaded).values()]
        own = loaded.plugin.module.partition(".")[0]
        _python(_ALONE.format(others=sorted(others - {own}), modules=modules))

    def test_works_with_everything_installed(self, loaded: Loaded, tmp_path: Path) -> None:
        from dokkupy.index import current

        [found] = [
            one
            for one in current(tmp_path, Selection()).plugins
            if (one.name, one.distribution) == (self.name, loaded.plugin.distribution)
        ]
        assert found.state == "enabled", found.reason

    def test_nouns_are_plain_words_and_not_the_cores(self, loaded: Loaded) -> None:
        for noun in nouns_of(loaded):
            assert re.fullmatch(r"[a-z][a-z0-9-]*", noun), f"{noun!r} is no plain word"
            assert noun not in CORE_OPERATIONS, f"{noun!r} is a noun of the core"

    def test_readme_names_every_operation(self, operations: list[Operation]) -> None:
        self._assert_mentioned([operation.title for operation in operations])

    def test_readme_names_every_setting(self, properties: PropertyGroup | None) -> None:
        if properties is None:
            pytest.skip("it declares no settings")
        self._assert_mentioned([item.name for item in properties.properties])

    def test_readme_names_every_hook(self, loaded: Loaded) -> None:
        self._assert_mentioned(loaded.hooks)

    def test_every_setting_has_help_and_a_default_that_it_accepts(
        self, platform: Platform, properties: PropertyGroup | None
    ) -> None:
        from dokkupy.properties import check

        if properties is None:
            pytest.skip("it declares no settings")
        for item in properties.properties:
            assert item.help, f"{item.name} has no help"
            if isinstance(item.default, str) and item.default:
                check(item, item.default)
        assert platform.properties.values(properties.noun, "").keys() == {
            item.name for item in properties.properties
        }

    def _assert_mentioned(self, wanted: Mapping[str, object] | list[str]) -> None:
        missing = [text for text in wanted if text not in self.readme]
        assert not missing, f"the README does not mention {', '.join(missing)}"


def _belongs(file: PackagePath, package: str) -> bool:
    """Whether a file of a distribution is in its package, its metadata, or a command of its."""
    top = file.parts[0]
    editable = len(file.parts) == 1 and file.suffix == ".pth"
    command = file.parts[-2:-1] == ("bin",)
    return top == package or top.endswith(".dist-info") or editable or command


def _python(program: str) -> str:
    """Run a program in a Python of its own and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr.strip().rpartition("\n")[2]
    return done.stdout
