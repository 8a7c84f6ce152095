"""A small plugin that keeps its contract: what each mutant is broken from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

PLUGIN: Final = '''"""The hooks of the plugin."""

from dokkupy import hookimpl
from dokkupy.names import HostName
from dokkupy.types import Environment, EnvLayer, Property, PropertyGroup, Rank

PLUGIN_API = ">=1,<2"


@hookimpl
def register_operations():
    return {"probe": "dokkupy_probe.operations"}


@hookimpl
def register_properties():
    return PropertyGroup(
        noun="probe",
        properties=(
            Property(name="greeting", type=str, default="hello", help="What to say first"),
        ),
    )


@hookimpl
def env_compile(platform, app):
    note = platform.store.documents.get(app, "probe", "note") or ""
    return [EnvLayer(rank=Rank.PLATFORM, origin="probe", values=Environment(PROBE=note))]


@hookimpl
def vhosts(platform, app):
    return [HostName("probe.test")]


@hookimpl
def app_created(platform, app):
    platform.store.documents.set(app, "probe", "note", "fresh")


@hookimpl
def app_cloned(platform, app, origin):
    note = platform.store.documents.get(origin, "probe", "note")
    platform.store.documents.set(app, "probe", "note", note)


@hookimpl
def app_destroying(platform, app):
    pass


@hookimpl
def app_destroyed(platform, app):
    pass


@hookimpl
def on_event(platform, event):
    pass
'''

OPERATIONS: Final = '''"""The operations of the plugin."""

from dataclasses import dataclass

from dokkupy import operation
from dokkupy.errors import Conflict
from dokkupy.names import AppName
from dokkupy.operations.registry import KeyValue


class Word(str):
    @classmethod
    def parse(cls, text):
        return cls(text)


@dataclass(frozen=True)
class Note:
    app: str
    length: int


@operation(summary="Show what is noted", reads=True)
def show(platform, app: AppName) -> Note:
    """Show how long the note is."""
    platform.store.apps.get(app)
    return Note(app, len(platform.store.documents.get(app, "probe", "note") or ""))


@operation(summary="Measure a word", reads=True)
def measure(platform, app: AppName, word: Word) -> Note:
    """Say how long a word is."""
    platform.store.apps.get(app)
    return Note(app, len(word.encode()))


@operation(summary="Keep a note")
def keep(platform, app: AppName, pairs: list[KeyValue]) -> list[str]:
    """Keep values under their keys.

    Raises:
        Conflict: there are too many.
    """
    platform.store.apps.get(app)
    with platform.store.write():
        for pair in pairs:
            platform.store.documents.set(app, "probe", "note", pair.value)
            platform.store.events.add("probe.kept", app, {"key": pair.key})
    return [pair.key for pair in pairs]
'''

README: Final = """# dokkupy-plugin-probe

`probe show`, `probe measure`, `probe keep`; the setting `greeting` by `probe set`, `probe report`.
Hooks: `register_operations`, `register_properties`, `env_compile`, `vhosts`, `app_created`,
`app_cloned`, `app_destroying`, `app_destroyed`, `on_event`.
There is no `apps hail`, and `mate show` is of another plugin.
"""

MATE: Final = '''"""Another plugin, beside the one that is tested."""

from dokkupy import hookimpl

PLUGIN_API = ">=1,<2"


@hookimpl
def register_operations():
    return {"mate": "dokkupy_mate.operations"}
'''

ONE_OPERATION: Final = '''"""One operation."""

from dokkupy import operation
from dokkupy.names import AppName


@operation(summary="Say something", reads=True)
def {name}(platform, app: AppName) -> str:
    """Say something about an app."""
    platform.store.apps.get(app)
    return "yes"
'''

TESTS: Final = """
from dokkupy.testing.suites import PluginContract

class TestProbe(PluginContract):
    name = "probe"
"""

FILES: Final[Mapping[str, str]] = {
    "dokkupy_probe/__init__.py": "",
    "dokkupy_probe/plugin.py": PLUGIN,
    "dokkupy_probe/operations.py": OPERATIONS,
    "dokkupy_probe/mating.py": ONE_OPERATION.format(name="show"),
    "dokkupy_probe/hailing.py": ONE_OPERATION.format(name="hail"),
    "dokkupy_plugin_probe-1.0.dist-info/METADATA": (
        f"Metadata-Version: 2.1\nName: dokkupy-plugin-probe\nVersion: 1.0\n\n{README}"
    ),
    "dokkupy_plugin_probe-1.0.dist-info/entry_points.txt": (
        "[dokkupy.plugins]\nprobe = dokkupy_probe.plugin\n"
    ),
    "dokkupy_plugin_probe-1.0.dist-info/RECORD": (
        "dokkupy_probe/plugin.py,,\ndokkupy_plugin_probe-1.0.dist-info/METADATA,,\n"
    ),
    "dokkupy_mate/__init__.py": "",
    "dokkupy_mate/plugin.py": MATE,
    "dokkupy_mate/operations.py": ONE_OPERATION.format(name="show"),
    "dokkupy_plugin_mate-1.0.dist-info/METADATA": (
        "Metadata-Version: 2.1\nName: dokkupy-plugin-mate\nVersion: 1.0\n"
    ),
    "dokkupy_plugin_mate-1.0.dist-info/entry_points.txt": (
        "[dokkupy.plugins]\nmate = dokkupy_mate.plugin\n"
    ),
    "test_contract.py": TESTS,
}
"""Every file of a folder with two installed distributions, and the test that holds the first."""


def install(site: Path, edits: Mapping[str, tuple[str, str]]) -> None:
    """Write the files, with one text in place of another in some of them."""
    for name, text in FILES.items():
        old, new = edits.get(name, ("", ""))
        assert text.count(old) == 1 or not old, f"{old!r} is not once in {name}"
        file = site / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace(old, new) if old else text, encoding="utf-8")
