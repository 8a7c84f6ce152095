"""Plugins that are broken on purpose, one for every capability of the plugin's contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ENTRY: Final = "dokkupy_probe/plugin.py"
OPERATIONS: Final = "dokkupy_probe/operations.py"
INFO: Final = "dokkupy_plugin_probe-1.0.dist-info/"
DOCUMENTS: Final = "platform.store.documents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A plugin that keeps its contract but for one thing."""

    capability: str
    breaks: str
    """What is wrong with it, as a sentence that goes on from "It"."""
    edits: Mapping[str, tuple[str, str]]
    """File -> the healthy text, and the broken one."""


def in_hook(name: str, body: str) -> dict[str, tuple[str, str]]:
    """Return the edit that lets a hook, which does nothing in health, do something."""
    given = {"on_event": "platform, event"}.get(name, "platform, app")
    head = f"def {name}({given}):\n"
    return {ENTRY: (f"{head}    pass\n", f"{head}    {body}\n")}


MUTANTS: Final = (
    Mutant(
        capability="plugin.names-of-distribution-module-and-entry-point-agree",
        breaks="is registered under a second name too",
        edits={
            INFO + "entry_points.txt": (
                "probe = dokkupy_probe.plugin\n",
                "probe = dokkupy_probe.plugin\nprobe-too = dokkupy_probe.plugin\n",
            )
        },
    ),
    Mutant(
        capability="plugin.installs-nothing-but-its-own-package",
        breaks="brings its tests along, at the top of everybody's packages",
        edits={INFO + "RECORD": ("dokkupy_probe/plugin.py,,\n", "tests/__init__.py,,\n")},
    ),
    Mutant(
        capability="plugin.declares-an-api-range-that-this-dokkupy-is-in",
        breaks="was made for the next plugin API",
        edits={ENTRY: ('">=1,<2"', '">=2,<3"')},
    ),
    Mutant(
        capability="plugin.can-be-imported",
        breaks="raises when it is imported",
        edits={ENTRY: ('PLUGIN_API = ">=1,<2"\n', 'PLUGIN_API = ">=1,<2"\nprint(1 / 0)\n')},
    ),
    Mutant(
        capability="plugin.every-hook-fits-its-specification",
        breaks="asks a hook for an argument that the hook does not have",
        edits={ENTRY: ("def vhosts(platform, app):", "def vhosts(platform, application):")},
    ),
    Mutant(
        capability="plugin.entry-module-imports-nothing-heavy",
        breaks="imports asyncio for every command",
        edits={
            ENTRY: (
                "from dokkupy import hookimpl\n",
                "import asyncio\nfrom dokkupy import hookimpl\n",
            )
        },
    ),
    Mutant(
        capability="plugin.works-with-nothing-else-installed",
        breaks="needs another plugin to be installed",
        edits={
            OPERATIONS: (
                "from dokkupy import operation\n",
                "import dokkupy_mate\nfrom dokkupy import operation\n",
            )
        },
    ),
    Mutant(
        capability="plugin.works-with-everything-installed",
        breaks="claims a command of another plugin",
        edits={
            ENTRY: (
                '"dokkupy_probe.operations"}',
                '"dokkupy_probe.operations", "mate": "dokkupy_probe.mating"}',
            )
        },
    ),
    Mutant(
        capability="plugin.nouns-are-plain-words-and-not-the-cores",
        breaks="adds a command under a noun of the core",
        edits={
            ENTRY: (
                '"dokkupy_probe.operations"}',
                '"dokkupy_probe.operations", "apps": "dokkupy_probe.hailing"}',
            )
        },
    ),
    Mutant(
        capability="plugin.readme-names-every-operation",
        breaks="has an operation that its README does not mention",
        edits={INFO + "METADATA": ("`probe measure`", "`probe size`")},
    ),
    Mutant(
        capability="plugin.readme-names-every-setting",
        breaks="has a setting that its README does not mention",
        edits={INFO + "METADATA": ("`greeting`", "of what it says")},
    ),
    Mutant(
        capability="plugin.readme-names-every-hook",
        breaks="does not say which hooks it implements",
        edits={INFO + "METADATA": ("`vhosts`, ", "")},
    ),
    Mutant(
        capability="plugin.every-setting-has-help-and-a-default-that-it-accepts",
        breaks="has a setting without a word of help",
        edits={ENTRY: ('help="What to say first"', 'help=""')},
    ),
    Mutant(
        capability="plugin.every-operation-says-what-it-does",
        breaks="has an operation without a docstring",
        edits={OPERATIONS: ('    """Say how long a word is."""\n', "")},
    ),
    Mutant(
        capability="plugin.every-operation-can-be-described-in-json-schema",
        breaks="returns bytes, which JSON has no place for",
        edits={OPERATIONS: ("word: Word) -> Note:", "word: Word) -> bytes:")},
    ),
    Mutant(
        capability="plugin.every-operation-declares-errors-that-exist",
        breaks="says that it raises what is no error of dokkupy's",
        edits={OPERATIONS: ("        Conflict: there are", "        TooMany: there are")},
    ),
    Mutant(
        capability="plugin.schemas-and-the-command-line-agree-on-values",
        breaks="publishes a rule for a word that its parsing does not hold to",
        edits={
            OPERATIONS: (
                "class Word(str):\n",
                'class Word(str):\n    json_schema = {"type": "string", "pattern": "^[a-z]+$"}\n\n',
            )
        },
    ),
    Mutant(
        capability="plugin.json-output-fits-its-schema",
        breaks="returns a text where it promises a number",
        edits={OPERATIONS: ("len(word.encode()))", "str(len(word.encode())))")},
    ),
    Mutant(
        capability="plugin.operations-that-read-write-nothing",
        breaks="counts how often it is read, in an operation that only reads",
        edits={
            OPERATIONS: (
                "    return Note(app, len(word",
                f'    {DOCUMENTS}.set(app, "probe", "read", word)\n    return Note(app, len(word',
            )
        },
    ),
    Mutant(
        capability="plugin.operations-fail-only-as-they-declare",
        breaks="calls an app that does not exist a conflict, and does not declare it",
        edits={
            OPERATIONS: (
                '    """Say how long a word is."""\n',
                (
                    '    """Say how long a word is."""\n'
                    "    if not platform.store.apps.exists(app):\n"
                    '        raise Conflict("There is no such app.")\n'
                ),
            )
        },
    ),
    Mutant(
        capability="plugin.hostile-words-are-refused-or-harmless",
        breaks="breaks down on a word with an umlaut",
        edits={OPERATIONS: ("len(word.encode()))", 'len(word.encode("ascii")))')},
    ),
    Mutant(
        capability="plugin.no-secret-is-told",
        breaks="writes the value that somebody set into the events",
        edits={OPERATIONS: ('{"key": pair.key}', '{"key": pair.key, "value": pair.value}')},
    ),
    Mutant(
        capability="plugin.no-secret-is-in-what-it-contributes",
        breaks="gives a layer an origin that has a secret of the config in it",
        edits={
            ENTRY: (
                'origin="probe"',
                'origin=str([*platform.store.config.get(app).values(), "probe"])',
            )
        },
    ),
    Mutant(
        capability="plugin.contributing-changes-nothing",
        breaks="writes down that it was asked for variables",
        edits={
            ENTRY: (
                "    return [EnvLayer(",
                f'    {DOCUMENTS}.set(app, "probe", "asked", "yes")\n    return [EnvLayer(',
            )
        },
    ),
    Mutant(
        capability="plugin.contributing-gives-the-same-answer-twice",
        breaks="gives a variable that is another one each time",
        edits={
            ENTRY: (
                "Environment(PROBE=note)",
                'Environment(PROBE=str(__import__("time").time_ns()))',
            )
        },
    ),
    Mutant(
        capability="plugin.contributing-asks-neither-engine-nor-proxy",
        breaks="asks the proxy how it is before it names its hosts",
        edits={
            ENTRY: (
                '    return [HostName("probe.test")]\n',
                '    platform.proxy.status()\n    return [HostName("probe.test")]\n',
            )
        },
    ),
    Mutant(
        capability="plugin.nothing-is-left-of-a-destroyed-app",
        breaks="remembers the apps that are gone",
        edits=in_hook("app_destroyed", f'{DOCUMENTS}.set("", "probe", "gone", app)'),
    ),
    Mutant(
        capability="plugin.everything-of-a-renamed-app-has-its-new-name",
        breaks="remembers what a renamed app was called",
        edits=in_hook(
            "on_event",
            'event.verb == "app.renamed" and '
            f'{DOCUMENTS}.set(event.app, "probe", "was", event.data["from"])',
        ),
    ),
    Mutant(
        capability="plugin.a-clone-holds-nothing-of-its-origins-own",
        breaks="notes in a clone where it comes from",
        edits={
            ENTRY: (
                f'    {DOCUMENTS}.set(app, "probe", "note", note)\n',
                (
                    f'    {DOCUMENTS}.set(app, "probe", "note", note)\n'
                    f'    {DOCUMENTS}.set(app, "probe", "from", origin)\n'
                ),
            )
        },
    ),
    Mutant(
        capability="plugin.a-destroyed-clone-takes-nothing-with-it",
        breaks="forgets the notes of every app when one goes",
        edits=in_hook(
            "app_destroyed",
            f'[{DOCUMENTS}.unset(one, "probe", "note") '
            f'for one in {DOCUMENTS}.all("probe", "note")]',
        ),
    ),
    Mutant(
        capability="plugin.an-app-outlives-the-plugin",
        breaks="keeps rows that nobody but itself can remove, and that an app cannot go without",
        edits={
            ENTRY: (
                "def app_destroying(platform, app):\n    pass\n",
                (
                    "def app_destroying(platform, app):\n"
                    "    with platform.store.write() as connection:\n"
                    '        connection.execute("DELETE FROM probe_apps WHERE app = ?", (app,))\n'
                    "\n\n@hookimpl(specname='app_created')\n"
                    "def keep(platform, app):\n"
                    "    with platform.store.write() as connection:\n"
                    '        connection.execute("CREATE TABLE IF NOT EXISTS probe_apps "\n'
                    '            "(app TEXT REFERENCES scopes ON UPDATE CASCADE) STRICT")\n'
                    '        connection.execute("INSERT INTO probe_apps VALUES (?)", (app,))\n'
                ),
            )
        },
    ),
    Mutant(
        capability="plugin.hooks-fail-at-no-app",
        breaks="fails in a hook that nobody notices",
        edits={
            ENTRY: (
                f'    {DOCUMENTS}.set(app, "probe", "note", "fresh")\n',
                (
                    f'    {DOCUMENTS}.set(app, "probe", "note", "fresh")\n'
                    '    assert app != "contract-new"\n'
                ),
            )
        },
    ),
)
