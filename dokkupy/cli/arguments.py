"""Words of a command line, sorted to the parameters of an operation.

This reads the plain case: every option spelled out and known, every argument there. For
anything else `split` gives None, and Typer, which costs half the start-up time, reads the same
words again: to explain what is wrong with them, or because they were spelled in a rarer way.
Both end in a `Given`; what a text means as a value is decided later, by `Operation.bind`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from dokkupy.errors import UsageError
from dokkupy.names import GLOBAL_WORD
from dokkupy.operations.parameters import Parameter

COMMON: Final[tuple[Parameter, ...]] = (
    Parameter(
        name="root",
        kind="option",
        type=str,
        many=False,
        required=False,
        default=None,
        help="The root folder; $DOKKUPY_ROOT, else /var/lib/dokkupy.",
    ),
    Parameter(
        name="json",
        kind="option",
        type=bool,
        many=False,
        required=False,
        default=False,
        help="Print the result as JSON; progress goes to stderr, an error as its last line.",
    ),
    Parameter(
        name="debug",
        kind="option",
        type=bool,
        many=False,
        required=False,
        default=False,
        help="Show the traceback of an unexpected failure.",
    ),
)
"""Options that every command has, wherever they stand."""


@dataclass(slots=True)
class Given:
    """What was typed: texts and flags for an operation, and the options of every command."""

    values: dict[str, str | bool | list[str]] = field(default_factory=dict)
    common: dict[str, str | bool] = field(default_factory=dict)


def leading(words: Sequence[str]) -> tuple[dict[str, str | bool], list[str]]:
    """Take the common options off the front; return them and the other words."""
    common: dict[str, str | bool] = {}
    rest = list(words)
    while rest:
        taken = _option(rest, {item.spelling: item for item in COMMON})
        if taken is None:
            break
        common = merged(common, {taken[0].name: taken[1]})
    return common, rest


def merged(
    early: Mapping[str, str | bool], late: Mapping[str, str | bool]
) -> dict[str, str | bool]:
    """Return the common options of two places.

    Raises:
        UsageError: the root is given twice. Who starts this program with a root of his choosing
            and words of somebody else's must not be overruled by those words.
    """
    if "root" in early and "root" in late:
        raise UsageError("--root is given twice.", hint="Give it once.")
    return {**early, **late}


def with_scope(parameters: Sequence[Parameter], words: Sequence[str]) -> list[str]:
    """Put `--global`, where it may stand for an app, into the place of the scope argument."""
    rest = list(words)
    end = rest.index("--") if "--" in rest else len(rest)
    if any(item.scope for item in parameters) and "--global" in rest[:end]:
        rest.remove("--global")
        rest.insert(0, GLOBAL_WORD)
    return rest


def split(parameters: Sequence[Parameter], words: Sequence[str]) -> Given | None:
    """Sort words to parameters, or return None when they are not a plain case."""
    options = {item.spelling: item for item in (*parameters, *COMMON) if item.kind == "option"}
    options |= {f"-{item.short}": item for item in options.values() if item.short}
    arguments = [item for item in parameters if item.kind == "argument"]
    verbatim = bool(arguments) and arguments[-1].verbatim
    given = Given()
    positional: list[str] = []
    rest = with_scope(parameters, words)
    while rest:
        if rest[0] == "--":
            positional += rest[1:]
            break
        if rest[0] == "-" or not rest[0].startswith("-"):
            if verbatim:
                positional += rest
                break
            positional.append(rest.pop(0))
            continue
        taken = _option(rest, options)
        if taken is None:
            return None
        _keep(given, *taken)
    values = _placed(arguments, positional)
    missing = any(item.required and item.name not in given.values for item in options.values())
    if values is None or missing:
        return None
    given.values |= values
    return tidy(parameters, given)


def tidy(parameters: Sequence[Parameter], given: Given) -> Given:
    """Drop the `--` that may part an app from the command that is run in it."""
    for item in parameters:
        texts = given.values.get(item.name)
        if item.verbatim and isinstance(texts, list) and texts[:1] == ["--"]:
            given.values[item.name] = texts[1:]
    return given


def _option(rest: list[str], options: dict[str, Parameter]) -> tuple[Parameter, str | bool] | None:
    """Take one option off the front of `rest`, or leave it and return None."""
    name, equals, value = rest[0].partition("=")
    parameter = options.get(name)
    if parameter is None or (equals and (parameter.flag or not name.startswith("--"))):
        return None
    if parameter.flag:
        del rest[0]
        return parameter, parameter.default is not True
    if equals:
        del rest[0]
        return parameter, value
    value = rest[1] if len(rest) > 1 else "-?"
    if value.startswith("-") and value != "-":
        return None
    del rest[:2]
    return parameter, value


def _keep(given: Given, parameter: Parameter, value: str | bool) -> None:
    if parameter in COMMON:
        given.common = merged(given.common, {parameter.name: value})
    elif parameter.many:
        texts = given.values.setdefault(parameter.name, [])
        if isinstance(texts, list):
            texts.append(str(value))
    else:
        given.values[parameter.name] = value


def _placed(
    arguments: Sequence[Parameter], positional: list[str]
) -> dict[str, str | list[str]] | None:
    """Give each argument its text, or return None when they do not fit."""
    values: dict[str, str | list[str]] = {}
    rest = list(positional)
    for place, item in enumerate(arguments):
        if item.many:
            if place != len(arguments) - 1 or (item.required and not rest):
                return None
            values[item.name], rest = rest, []
        elif rest:
            values[item.name] = rest.pop(0)
        elif item.required:
            return None
    return None if rest else values
