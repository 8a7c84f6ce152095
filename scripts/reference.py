"""Write the reference pages of the documentation from the code itself.

python scripts/reference.py           write them
python scripts/reference.py --check   say whether they are what the code says
"""

from __future__ import annotations

import inspect
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dokkupy import hookspecs
from dokkupy.core_properties import CORE_PROPERTIES
from dokkupy.hooks import Hooks
from dokkupy.index import Command, Index, current, operation_of
from dokkupy.operations.registry import Operation
from dokkupy.platform import Platform
from dokkupy.plugins import selection
from dokkupy.types import PropertyGroup

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
NOTE = "<!-- Written by scripts/reference.py; change the code and run it again. -->"

POLICY_TEXT = {
    "register": "the plugin is shown as broken and left out",
    "decide": "the first answer counts; an exception aborts",
    "contribute": "pure; every answer is merged; an exception aborts before anything changed",
    "veto": "an exception stops what was about to happen",
    "isolated": "an exception is logged and changes nothing",
}


def operations(index: Index) -> str:
    """Return the page with every operation of the core and the bundled plugins."""
    lines = [NOTE, "", "# Operations", ""]
    lines += [
        "Every operation takes `--json`, and `--root` or `$DOKKUPY_ROOT`. `apps:create` is the",
        "same as `apps create`.",
    ]
    for noun in sorted(index.commands):
        lines += ["", f"## {noun or 'On their own'}"]
        for name in sorted(index.commands[noun]):
            lines += ["", *_operation(index, index.commands[noun][name])]
    return "\n".join(lines) + "\n"


def _operation(index: Index, command: Command) -> Iterator[str]:
    operation = operation_of(index, command)
    yield f"### `{command.title}`"
    yield ""
    yield f"    dokkupy {_usage(operation)}"
    yield ""
    text = inspect.cleandoc(operation.function.__doc__ or "").split("\n\nRaises:")[0]
    yield text
    owner = f"Plugin `{command.plugin}`. " if command.plugin else ""
    kind = "Changes nothing. " if operation.spec.reads else ""
    if owner or kind:
        yield ""
        yield f"{owner}{kind}".strip()
    rows = [p for p in operation.parameters if p.help]
    if rows:
        yield ""
        yield "| parameter | |"
        yield "|---|---|"
        for parameter in rows:
            shown = parameter.spelling if parameter.kind == "option" else parameter.metavar
            yield f"| `{shown}` | {parameter.help} |".replace("|--global`", "\\|--global`")


def _usage(operation: Operation) -> str:
    words = [operation.title]
    for parameter in operation.parameters:
        if parameter.kind == "stdin":
            words.append("< FILE")
            continue
        shown = parameter.metavar
        if parameter.kind == "option":
            shown = parameter.spelling + ("" if parameter.flag else f" {shown}")
        if parameter.many:
            shown += " …"
        words.append(shown if parameter.required else f"[{shown}]")
    return " ".join(words)


def settings(hooks: Hooks) -> str:
    """Return the page with every setting of the core and the bundled plugins."""
    lines = [NOTE, "", "# Settings", ""]
    lines.append("`dokkupy NOUN set APP|--global KEY [VALUE]`, `dokkupy NOUN report APP|--global`.")
    groups = [*CORE_PROPERTIES.values()]
    groups += [hooks.register_properties(noun) for noun in sorted(hooks.index.properties)]
    for group in {group.noun: group for group in groups}.values():
        lines += ["", *_group(group)]
    return "\n".join(lines) + "\n"


def _group(group: PropertyGroup) -> Iterator[str]:
    yield f"## {group.noun}"
    yield ""
    yield "| setting | default | scopes | takes effect | |"
    yield "|---|---|---|---|---|"
    for item in group.properties:
        default = item.default
        if isinstance(default, bool):
            default = "on" if default else "off"
        shown = f"`{default}`" if default not in (None, "") else ""
        yield f"| `{item.name}` | {shown} | {item.scopes} | {item.takes_effect} | {item.help} |"


def hooks_page() -> str:
    """Return the page with every hook, in the order of `hookspecs`."""
    lines = [NOTE, "", "# Hooks", ""]
    lines += [
        "An implementation takes the arguments that it needs, by name, and leaves out the others.",
        "Implementations run in the order of plugin names; `dokkupy plugin hooks` prints it.",
        "`examples/plugin-deploy-notes` is a whole plugin to copy from.",
    ]
    for name, policy in hookspecs.POLICIES.items():
        function = getattr(hookspecs, name)
        lines += ["", f"## `{name}`", "", "```python"]
        signature = str(inspect.signature(function)).replace("'", "")
        lines += [f"def {name}{signature}", "```", ""]
        lines += [inspect.cleandoc(function.__doc__ or ""), ""]
        lines.append(f"*{policy}*: {POLICY_TEXT[policy]}.")
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Return every generated page: file -> text."""
    with tempfile.TemporaryDirectory() as folder:
        platform = Platform(Path(folder))
        index = current(Path(folder), selection(Path(folder), None))
        return {
            FOLDER / "operations.md": operations(index),
            FOLDER / "settings.md": settings(platform.hooks),
            FOLDER / "hooks.md": hooks_page(),
        }


def main() -> None:
    """Write the pages, or compare them."""
    for file, text in pages().items():
        if "--check" in sys.argv[1:]:
            if not file.exists() or file.read_text() != text:
                sys.exit(f"{file.name} is out of date. Run: python scripts/reference.py")
        else:
            file.write_text(text)


if __name__ == "__main__":
    main()
