"""Write down the public names of dokkupy and their signatures, and say what has changed.

python scripts/public_api.py           write them, if what was removed or changed is announced
python scripts/public_api.py --check   say whether they are what was written down

A removal or a change is announced by a new major `PLUGIN_API_VERSION`, or by a line in
CHANGELOG.md that has the name in backquotes. See docs/plugins/api-policy.md.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from dokkupy import PLUGIN_API_VERSION
from dokkupy.testing import suites
from dokkupy.testing.capability import Contract, capabilities_of

TOP: Final = Path(__file__).parents[1]
FILE: Final = TOP / "docs" / "plugins" / "public-api.txt"
MODULES: Final = (
    "dokkupy",
    "dokkupy.deprecation",
    "dokkupy.errors",
    "dokkupy.hookspecs",
    "dokkupy.testing.capability",
    "dokkupy.testing.cli",
    "dokkupy.testing.plugin",
    "dokkupy.testing.samples",
    "dokkupy.testing.verify",
    "dokkupy.types",
)
HEAD: Final = "plugin API "


def public_names() -> dict[str, str]:
    """Return every public name with its signature, and every capability of the contracts."""
    found = {f"{module}.{name}": text for module in MODULES for name, text in _names_of(module)}
    for name in suites.__all__:
        suite: type[Contract] = getattr(suites, name)
        found[f"dokkupy.testing.suites.{name}"] = "class"
        found |= dict.fromkeys(capabilities_of(suite), "capability")
    return dict(sorted(found.items()))


def _names_of(name: str) -> Iterator[tuple[str, str]]:
    module = importlib.import_module(name)
    for attribute in sorted(_exported(module)):
        value = getattr(module, attribute)
        fixture = getattr(value, "_get_wrapped_function", None)
        if fixture is not None:
            yield attribute, "fixture"
        elif inspect.isclass(value):
            yield attribute, _class(value)
            yield from ((f"{attribute}.{n}", text) for n, text in _members(value))
        elif inspect.isroutine(value):
            yield attribute, _signature(value)
        elif isinstance(value, (str, int, float)):
            yield attribute, "constant"
        else:
            yield attribute, "value"


def _exported(module: ModuleType) -> set[str]:
    """Return the names that a module offers: its `__all__`, else what it defines itself."""
    if hasattr(module, "__all__"):
        return {name for name in module.__all__ if name != "__version__"}
    if "_HOMES" in vars(module):
        return set(vars(module)["_HOMES"])
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith(("_", "pytest_"))
        and not inspect.ismodule(value)
        and getattr(value, "__module__", module.__name__) == module.__name__
        and name not in ("annotations", "TYPE_CHECKING")
    }


def _class(kind: type) -> str:
    if issubclass(kind, Enum):
        return f"enum {', '.join(str(member.value) for member in kind)}"
    bases = ", ".join(base.__name__ for base in kind.__bases__ if base is not object)
    given = _signature(kind) if dataclasses.is_dataclass(kind) or "__init__" in vars(kind) else ""
    return f"class({bases}) {given}".rstrip()


def _members(kind: type) -> Iterator[tuple[str, str]]:
    fields = {field.name for field in dataclasses.fields(kind)} if _is_data(kind) else set()
    for name, value in sorted(vars(kind).items()):
        if name.startswith(("_", "test_")) or name in fields or issubclass(kind, Enum):
            continue
        plain = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        yield name, _signature(plain) if inspect.isroutine(plain) else "attribute"


def _is_data(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind)


def _signature(value: Any) -> str:
    try:
        return str(inspect.signature(value)).replace("'", "")
    except (TypeError, ValueError):
        return "()"


def written() -> tuple[str, dict[str, str]]:
    """Return the plugin API version and the names that were written down."""
    head, _, rest = (
        FILE.read_text(encoding="utf-8").partition("\n") if FILE.exists() else ("", "", "")
    )
    lines = (line.partition("  ") for line in rest.splitlines() if line.strip())
    return head.removeprefix(HEAD), {name: text for name, _, text in lines}


def unannounced(
    before: Mapping[str, str], now: Mapping[str, str], *, since: str, changelog: str
) -> list[str]:
    """Return the names that were removed or changed, and that nobody has been told about."""
    if PLUGIN_API_VERSION.partition(".")[0] != since.partition(".")[0]:
        return []
    changed = [name for name, text in before.items() if now.get(name) != text]
    return [name for name in changed if f"`{name}`" not in changelog]


def main() -> None:
    """Write the names, or compare them."""
    since, before = written()
    now = public_names()
    changelog = (TOP / "CHANGELOG.md").read_text(encoding="utf-8")
    lost = unannounced(before, now, since=since, changelog=changelog) if before else []
    if lost:
        sys.exit(
            f"The plugin API has changed unannounced: {', '.join(lost)}.\n"
            "Keep the names and deprecate them (dokkupy.deprecation), or name them in backquotes "
            "in CHANGELOG.md, or raise the first number of PLUGIN_API_VERSION; then run: "
            "python scripts/public_api.py"
        )
    text = f"{HEAD}{PLUGIN_API_VERSION}\n" + "".join(f"{n}  {s}\n" for n, s in now.items())
    if "--check" not in sys.argv[1:]:
        FILE.write_text(text, encoding="utf-8")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        added = ", ".join(sorted(now.keys() - before.keys())) or "what was announced"
        sys.exit(
            f"The plugin API has grown or changed: {added}. Say so in CHANGELOG.md, then run: "
            "python scripts/public_api.py"
        )


if __name__ == "__main__":
    main()
