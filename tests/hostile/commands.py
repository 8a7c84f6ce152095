"""Command lines of every operation that is installed, with values as they should not be."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from dokkupy.core_properties import CORE_PROPERTIES
from dokkupy.errors import UsageError
from dokkupy.index import Index, current, operation_of
from dokkupy.operations.parameters import convert
from dokkupy.platform import Platform
from dokkupy.plugins import Selection, selection

from .texts import anything, known
from .world import BARE, LIVE

if TYPE_CHECKING:
    from dokkupy.operations.registry import Operation, Parameter

POOL: Final = (
    BARE, BARE, LIVE, "nope", "web", "worker", "web=1", "worker=2", "www.example.com", "KEY",
    "*.example.com", "shop.example.test", "KEY=value", "SECRET", "SECRET=a b\nc", "512m", "10m",
    "1", "2", "0.5", "on", "off", "main", "8080", "2026-01-31T18:00", "10.77.0.0/16", "127.0.0.1",
    "deploy-branch", "deploy@example.com:2222", "web.1", "run.1", "/nonexistent/file", "true",
)  # fmt: skip
"""Texts of which each type finds some that it takes: so a good part of all commands is obeyed."""

ENDLESS: Final = "follow"
"""Options that never come to an end."""


@functools.cache
def index_for(chosen: Selection) -> Index:
    """Return what is installed and chosen; each command would look again."""
    return current(Path("/nonexistent"), chosen)


def index() -> Index:
    """Return all that is installed."""
    return index_for(selection(Path("/nonexistent"), None))


@functools.cache
def operations() -> tuple[Operation, ...]:
    """Return every operation of the core and of the plugins."""
    return tuple(
        operation_of(index(), command)
        for verbs in index().commands.values()
        for command in verbs.values()
    )


@functools.cache
def settings() -> tuple[str, ...]:
    """Return the names of all settings that anybody declares."""
    properties = Platform(Path("/nonexistent")).properties
    nouns = (*CORE_PROPERTIES, *index().properties)
    return tuple(sorted({key for noun in nouns for key in properties.declared(noun)}))


@functools.cache
def values(kind: object, label: str, choices: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Return texts for a parameter: mostly such as it takes, else anything."""
    good = list(choices)
    for text in () if choices else POOL:
        try:
            convert(kind, text, label)
        except UsageError:
            continue
        good.append(text)
    if label == "KEY":
        good += settings()
    if not good:
        return anything
    return st.integers(0, 3).flatmap(lambda n: st.sampled_from(good) if n else anything)


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """Return the words of a command, most of them in their place."""
    operation = draw(st.sampled_from([one for one in operations() if not one.spec.as_caller]))
    return words_of(draw, operation)


def words_of(draw: st.DrawFn, operation: Operation) -> list[str]:
    """Return the words of a command of one operation."""
    colon = operation.noun and draw(st.booleans())
    words = [operation.title.replace(" ", ":")] if colon else operation.title.split()
    for parameter in operation.parameters:
        if parameter.kind != "stdin" and parameter.name != ENDLESS:
            words += _given(draw, parameter)
    if draw(st.integers(0, 11)) == 0:
        words.insert(draw(st.integers(0, len(words))), draw(known))
    if draw(st.integers(0, 7)) == 0:
        words.append("--json")
    return words


def _given(draw: st.DrawFn, parameter: Parameter) -> list[str]:
    if not parameter.required and draw(st.integers(0, 2)) == 0:
        return []
    if parameter.flag:
        return [parameter.spelling]
    if parameter.scope and draw(st.integers(0, 3)) == 0:
        return ["--global"]
    texts = values(parameter.type, parameter.metavar, parameter.choices)
    given = draw(st.lists(texts, min_size=1, max_size=3)) if parameter.many else [draw(texts)]
    if parameter.kind == "argument":
        return given
    if draw(st.booleans()):
        return [f"{parameter.spelling}={text}" for text in given]
    return [word for text in given for word in (parameter.spelling, text)]
