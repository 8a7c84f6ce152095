"""Write the reference pages of the documentation from the code itself.

python scripts/reference.py           write them
python scripts/reference.py --check   say whether they are what the code says
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from dokkupy import errors, hookspecs
from dokkupy.core_properties import CORE_PROPERTIES
from dokkupy.errors import DokkupyError
from dokkupy.hooks import Hooks
from dokkupy.index import Command, Index, current, operation_of
from dokkupy.operations.registry import Operation
from dokkupy.platform import Platform
from dokkupy.plugins import selection
from dokkupy.types import PropertyGroup

TOP = Path(__file__).parents[1]
FOLDER = TOP / "docs" / "reference"
GUIDES = TOP / "docs" / "plugins"
EXAMPLES = GUIDES / "hook_examples.py"
MUTANTS = TOP / "tests" / "mutants"
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
        "same as `apps create`. With `--json` stdout holds the result and nothing else; stderr the",
        "progress of long work and, as its last line, [the error](#errors) if there was one.",
    ]
    for noun in sorted(index.commands):
        lines += ["", f"## {noun or 'On their own'}"]
        for name in sorted(index.commands[noun]):
            lines += ["", *_operation(index, index.commands[noun][name])]
    lines += ["", *_errors()]
    return "\n".join(lines) + "\n"


def _errors() -> Iterator[str]:
    yield "## Errors"
    yield ""
    yield "An error says what is the cause and what mends it. With `--json` it is one line,"
    yield '`{"error": {"code": …, "message": …, "hint": …, "detail": …, "exit_code": …}}`.'
    yield "An operation that ends well exits with 0; some that answer a question, such as"
    yield "`diagnose`, with 1 when the answer is bad, and their text says so. `run` and the"
    yield "like end with the exit code of their command, 130 is an interruption."
    yield ""
    yield "| exit code | `code` | |"
    yield "|---|---|---|"
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    told = [kind for kind in kinds if issubclass(kind, DokkupyError) and kind is not DokkupyError]
    for kind in sorted(told, key=lambda kind: kind.exit_code):
        meaning = (kind.__doc__ or "").splitlines()[0]
        yield f"| {kind.exit_code} | `{kind.code}` | {meaning} |"
    yield "| 70 | `unexpected` | dokkupy itself failed, which is a defect. |"


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
    examples = _loaded(EXAMPLES)
    lines = [NOTE, "", "# Hooks", ""]
    lines += [
        "An implementation takes the arguments that it needs, by name, and leaves out the others.",
        "Implementations run in the order of plugin names; `dokkupy plugin hooks` prints it.",
        "`examples/plugin-deploy-notes` is a whole plugin to copy from. The examples here",
        "are tested; they leave out their imports.",
    ]
    for name, policy in hookspecs.POLICIES.items():
        function = getattr(hookspecs, name)
        lines += ["", f"## `{name}`", "", "```python"]
        signature = str(inspect.signature(function)).replace("'", "")
        lines += [f"def {name}{signature}", "```", ""]
        lines += [inspect.cleandoc(function.__doc__ or ""), ""]
        lines += [f"Called {hookspecs.MOMENTS[name]}.", ""]
        lines += [f"*{policy}*: {POLICY_TEXT[policy]}.", ""]
        example = inspect.getsource(getattr(examples, name)).rstrip()
        lines += ["```python", example, "```"]
    return "\n".join(lines) + "\n"


def hooks_table() -> Iterator[str]:
    """Yield the rows of a table of hooks for the author guide."""
    yield "| hook | called | a failure |"
    yield "|---|---|---|"
    for name, policy in hookspecs.POLICIES.items():
        link = f"[`{name}`](../reference/hooks.md#{name})"
        yield f"| {link} | {hookspecs.MOMENTS[name]} | {policy} |"


def policies_table() -> Iterator[str]:
    """Yield the rows of a table of what failures mean."""
    yield "| family | |"
    yield "|---|---|"
    for policy, text in POLICY_TEXT.items():
        yield f"| {policy} | {text} |"


def mutants_table() -> Iterator[str]:
    """Yield the rows of a table of the plugins and parts that are broken on purpose."""
    yield "| broken on purpose: it … | found by |"
    yield "|---|---|"
    for file in ("plugins", "parts"):
        for mutant in _loaded(MUTANTS / f"{file}.py").MUTANTS:
            yield f"| {mutant.breaks} | `{mutant.capability}` |"


def filled(file: Path, **tables: Iterable[str]) -> str:
    """Return the text of a page with tables between their pairs of marks."""
    text = file.read_text()
    for name, rows in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
        head, _, rest = text.partition(begin)
        _, found, tail = rest.partition(end)
        if not found:
            raise LookupError(f"{file.name} has no place for {name}.")
        text = f"{head}{begin}" + "".join(f"{row}\n" for row in rows) + f"{end}{tail}"
    return text


def _loaded(file: Path) -> ModuleType:
    """Return the module of a file that is in no package."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no module.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


def pages() -> dict[Path, str]:
    """Return every generated page: file -> text."""
    with tempfile.TemporaryDirectory() as folder:
        platform = Platform(Path(folder))
        index = current(Path(folder), selection(Path(folder), None))
        return {
            FOLDER / "operations.md": operations(index),
            FOLDER / "settings.md": settings(platform.hooks),
            FOLDER / "hooks.md": hooks_page(),
            GUIDES / "author-guide.md": filled(
                GUIDES / "author-guide.md", hooks=hooks_table(), policies=policies_table()
            ),
            GUIDES / "contract-kit.md": filled(GUIDES / "contract-kit.md", mutants=mutants_table()),
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
