"""Parameters and results of operations as JSON Schema, draft 2020-12.

What a parameter accepts here is what `Operation.bind` accepts as text, but for numbers and
switches, which are JSON's own. A class with a `parse` that knows better than "any text" says so in
a class attribute `json_schema`; a `Name` has its rule. Results are described as
`dokkupy.results.to_json` writes them.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Generator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, is_dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, TypeAlias, Union

from dokkupy.errors import PluginError
from dokkupy.names import GLOBAL_WORD, AppName, EnvKey, Name, Scope
from dokkupy.operations.annotations import field_texts, field_types, result_type
from dokkupy.operations.parameters import LARGEST, KeyValue, Parameter
from dokkupy.operations.registry import Operation
from dokkupy.types import Environment, ExitStatus, Line

Schema: TypeAlias = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
NOTHING: Final[Schema] = {"type": "null"}
ANYTHING: Final[Schema] = {}
_PLAIN: Final[Mapping[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an operation gives to its caller."""

    result: Schema | None
    """The JSON document at the end; None when there is none but an exit code."""
    lines: Schema | None
    """Each of the results that come one by one, a JSON document a line; None when none do."""
    progress: bool
    """Whether it tells what it does while it works."""


def parameters(operation: Operation) -> Schema:
    """Return the schema of an object with what a caller gives; a stream is no part of it."""
    given = [item for item in operation.parameters if item.kind != "stdin"]
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": {item.name: parameter(item) for item in given},
        "required": [item.name for item in given if item.required],
        "additionalProperties": False,
    }


def parameter(item: Parameter) -> Schema:
    """Return the schema of one parameter."""
    one = _accepted(item.type)
    found = dict(one)
    if item.many:
        found = {"type": "array", "items": one} | ({"minItems": 1} if item.required else {})
    if item.help:
        found["description"] = item.help
    if not item.required and isinstance(item.default, (str, int, float)):
        found["default"] = item.default
    return found


def answer(operation: Operation) -> Answer:
    """Return what an operation's signature says of its answer.

    Raises:
        PluginError: it returns something that has no place in JSON.
    """
    found: list[Schema] = []
    lines: list[Schema] = []
    progress = False
    for kind in _alternatives(result_type(operation.function)):
        if typing.get_origin(kind) is Generator:
            step, _, end = typing.get_args(kind)
            items = [one for one in _alternatives(step) if one is not Line]
            progress = progress or len(items) < len(_alternatives(step))
            lines += [result(one) for one in items]
            # One that gives its results one by one has nothing more to say at its end.
            found += [] if items or operation.one_by_one else [result(end)]
        elif kind is not ExitStatus:
            found.append(result(kind))
    return Answer(
        result=_any_of(found) if found else None,
        lines=_any_of(lines) if lines else None,
        progress=progress,
    )


def result(kind: Any, within: tuple[Any, ...] = ()) -> Schema:
    """Return the schema of a value of a type, as it is written in JSON.

    Raises:
        PluginError: it has no place there, or holds itself.
    """
    if kind in within:
        raise PluginError(f"The type {kind.__qualname__} holds itself, which no schema here can.")
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind in (Any, object):
        return dict(ANYTHING)
    if origin in (Union, UnionType):
        return _any_of([result(one, within) for one in inner])
    if origin is typing.Literal:
        return {"enum": list(inner)}
    if isinstance(origin, type) and inner:
        return _filled(origin, inner, within)
    return _described(kind, within) if is_dataclass(kind) else _simple(kind)


def _filled(origin: type, inner: tuple[Any, ...], within: tuple[Any, ...]) -> Schema:
    """Return the schema of a container of something."""
    if origin is tuple and inner[-1:] != (...,):
        parts = [result(one, within) for one in inner]
        return {"type": "array", "prefixItems": parts, "items": False, "minItems": len(parts)}
    if issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": result(inner[1], within)}
    if issubclass(origin, (Sequence, AbstractSet)):
        return {"type": "array", "items": result(inner[0], within)}
    raise PluginError(f"A result holds a {origin.__qualname__}, which has no place in JSON.")


def _simple(kind: Any) -> Schema:
    if kind in (None, NoneType):
        return dict(NOTHING)
    if _is(kind, Environment):
        return {"type": "object", "additionalProperties": {"const": "****"}}
    if _is(kind, Enum):
        return {"enum": [member.value for member in kind]}
    if _is(kind, Path):
        return {"type": "string"}
    for plain, name in _PLAIN.items():
        if _is(kind, plain):
            return {"type": name}
    raise PluginError(f"A result holds {kind!r}, which has no place in JSON.")


def _described(kind: Any, within: tuple[Any, ...]) -> Schema:
    texts = field_texts(kind)
    properties = {}
    for name, own in field_types(kind).items():
        properties[name] = result(own, (*within, kind))
        if name in texts:
            properties[name] |= {"description": texts[name]}
    return {
        "title": kind.__name__,
        "description": (inspect.getdoc(kind) or "").partition("\n\n")[0],
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _accepted(kind: Any) -> Schema:
    """Return the schema of one value that a caller gives."""
    own = vars(kind).get("json_schema") if isinstance(kind, type) else None
    if own is not None:
        return dict(own)
    if kind is Scope:
        return {"anyOf": [{"const": GLOBAL_WORD}, _accepted(AppName)]}
    if kind is int:
        return {"type": "integer", "minimum": -LARGEST, "maximum": LARGEST}
    if hasattr(kind, "parse") or _is(kind, Path):
        return {"type": "string", **_rule(kind)}
    return result(kind)


def _rule(kind: Any) -> Schema:
    """Return what is known of the texts that a class takes."""
    if kind is KeyValue:
        return {"pattern": _whole(f"{EnvKey.pattern.pattern}=[^\\u0000]*")}
    if not _is(kind, Name):
        return {}
    # A rule that is applied to another spelling cannot be asked of what was typed.
    own = next(base for base in kind.__mro__ if "normalise" in vars(base))
    plain = own is Name
    return {"pattern": _whole(kind.pattern.pattern)} if plain else {"minLength": 1}


def _whole(pattern: str) -> str:
    r"""Return a pattern that matches whole texts, in Python's dialect and in ECMAScript's.

    Python's `$` lets a newline follow, so that has to be ruled out.
    """
    return "^(?:" + pattern.replace(r"\Z", "$") + r")$(?!\n)"


def _alternatives(kind: Any) -> Sequence[Any]:
    if typing.get_origin(kind) in (Union, UnionType):
        return typing.get_args(kind)
    return (kind,)


def _any_of(schemas: Sequence[Schema]) -> Schema:
    return dict(schemas[0]) if len(schemas) == 1 else {"anyOf": list(schemas)}


def _is(kind: Any, wanted: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, wanted)
