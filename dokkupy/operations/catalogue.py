"""The operations `operations …`: every operation there is, described for programs and people."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from dokkupy.errors import NotFound, PluginError
from dokkupy.operations.failures import DeclaredError, declared_errors
from dokkupy.operations.registry import Help, Operation, operation

if TYPE_CHECKING:
    from dokkupy.index import Command
    from dokkupy.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationDetails:
    """One operation, with all that a surface needs to offer it."""

    name: str
    """What a person types: `apps create`."""
    noun: str
    """Empty for a verb that stands alone."""
    verb: str
    plugin: str
    """Empty for the core."""
    summary: str
    help: str
    reads: bool
    """It changes nothing."""
    interactive: bool
    """It needs the caller's own terminal or pipes; not for HTTP."""
    stdin: bool
    """It takes a stream of bytes beside its parameters."""
    confirm: str
    """The parameter whose value a person types again unless `force` is given; empty for none."""
    arguments: tuple[str, ...]
    """The parameters that have a place on the command line, in their order; others are options."""
    parameters: dict[str, Any]
    """JSON Schema of an object with what a caller gives."""
    result: dict[str, Any] | None
    """JSON Schema of the document at the end; none where an exit code is all."""
    lines: dict[str, Any] | None
    """JSON Schema of each document, one a line, where results come one by one."""
    progress: bool
    """It tells what it does while it works."""
    errors: tuple[DeclaredError, ...]

    def text(self) -> str:
        """Show what a person wants to know of it; the schemas are for `--json`."""
        kind = "It changes nothing." if self.reads else "It changes something."
        rows = [
            f"{self.name}: {self.summary}",
            *([f"Of the plugin {self.plugin}."] if self.plugin else []),
            kind + (" It needs a terminal or pipes of its caller." if self.interactive else ""),
            "",
            self.help,
            "",
            "Parameters:" if self.parameters["properties"] or self.stdin else "No parameters.",
            *(
                f"  {name}: {_shape(one)}"
                + ("" if name in self.parameters["required"] else ", may be left out")
                for name, one in self.parameters["properties"].items()
            ),
            *(["  on stdin: a stream of bytes"] if self.stdin else []),
            *([f"Result: {_shape(self.result)}"] if self.result else []),
            *([f"Results, one by one: {_shape(self.lines)}"] if self.lines else []),
            *(["Result: an exit code"] if not (self.result or self.lines) else []),
            "Errors:",
            *(f"  {one.exit_code:>2} {one.code}: {one.when}" for one in self.errors),
        ]
        return "\n".join(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Every operation of a dokkupy with its plugins."""

    version: str
    """Of dokkupy."""
    plugin_api: str
    operations: tuple[OperationDetails, ...]

    def text(self) -> str:
        """List names and summaries; `--json` has everything."""
        width = max(len(one.name) for one in self.operations)
        return "\n".join(f"{one.name:<{width}}  {one.summary}" for one in self.operations)


@operation(summary="List every operation, the plugins' too", name="list", reads=True, default=True)
def list_(platform: Platform) -> Catalogue:
    """List every operation that this dokkupy knows with the plugins that take part.

    With --json each has its parameters and its result as JSON Schema (draft 2020-12), whether it
    changes anything, and the errors that it may end with.
    """
    from dokkupy import PLUGIN_API_VERSION, __version__

    return Catalogue(
        version=__version__,
        plugin_api=PLUGIN_API_VERSION,
        operations=tuple(_described(platform)),
    )


@operation(summary="Show everything about one operation", reads=True)
def show(
    platform: Platform,
    name: Annotated[list[str], Help("The operation, such as: apps create")],
) -> OperationDetails:
    """Show what an operation takes, what it gives, and how it may fail.

    Raises:
        NotFound: there is no such operation.
    """
    from dokkupy.index import operation_of

    index = platform.hooks.index
    words = " ".join(name).replace(":", " ").split()
    noun, verb = ["", "", *words][-2:]
    command = index.commands.get(noun, {}).get(verb) if 0 < len(words) < 3 else None
    if command is None:
        raise NotFound(
            f"There is no operation {' '.join(words)!a}.", hint="See all: dokkupy operations list"
        )
    return described(operation_of(index, command), command.plugin)


def _described(platform: Platform) -> Iterator[OperationDetails]:
    """Yield every operation by name; one that its plugin cannot deliver becomes a warning."""
    from dokkupy.index import operation_of

    index = platform.hooks.index
    for command in sorted(_commands(index.commands), key=lambda each: each.title):
        try:
            yield described(operation_of(index, command), command.plugin)
        except PluginError as error:
            if not command.plugin:
                raise
            platform.hooks.warn(error)


def _commands(nouns: Any) -> Iterator[Command]:
    for verbs in nouns.values():
        yield from verbs.values()


def described(operation: Operation, plugin: str = "") -> OperationDetails:
    """Return the description of an operation.

    Raises:
        PluginError: its signature or its docstring says what cannot be.
    """
    from dokkupy.operations import schema

    answer = schema.answer(operation)
    return OperationDetails(
        name=operation.title,
        noun=operation.noun,
        verb=operation.spec.name,
        plugin=plugin,
        summary=operation.spec.summary,
        help=(inspect.getdoc(operation.function) or "").partition("\n\nRaises:")[0],
        reads=operation.spec.reads,
        interactive=operation.spec.interactive,
        stdin=any(item.kind == "stdin" for item in operation.parameters),
        confirm=operation.spec.confirm,
        arguments=tuple(item.name for item in operation.parameters if item.kind == "argument"),
        parameters=schema.parameters(operation),
        result=answer.result,
        lines=answer.lines,
        progress=answer.progress,
        errors=declared_errors(operation),
    )


def _shape(schema: dict[str, Any]) -> str:
    """Say in a few words what a schema describes."""
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_shape, schema["anyOf"])))
    kind = str(schema.get("type", schema.get("const", "anything")))
    if kind == "array" and isinstance(schema.get("items"), dict):
        return f"list of {_shape(schema['items'])}"
    return str(schema.get("title", {"null": "nothing"}.get(kind, kind)))
