"""What may come next on a command line: words from the index, names of apps from the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dokkupy.cli.arguments import COMMON, leading
from dokkupy.cli.lookup import find
from dokkupy.errors import DokkupyError
from dokkupy.index import operation_of
from dokkupy.paths import Paths

if TYPE_CHECKING:
    from dokkupy.index import Index
    from dokkupy.operations.parameters import Parameter


def candidates(index: Index, root: Path, words: Sequence[str]) -> list[str]:
    """Return `word<tab>help` for each word that can complete the last of `words`."""
    *typed, current = words or [""]
    found = sorted(_possible(index, root, typed, current))
    return [f"{word}\t{text}" for word, text in found if word.startswith(current)]


def _possible(
    index: Index, root: Path, typed: Sequence[str], current: str
) -> Iterator[tuple[str, str]]:
    _, rest = leading(typed)
    if not rest:
        yield from _first_words(index, current)
        return
    found = find(index, rest)
    if rest[0] in index.commands and len(rest) == 1:
        for verb in index.commands[rest[0]].values():
            yield verb.name, verb.summary
    if found is not None:
        yield from _for_operation(
            operation_of(index, found.command).parameters, root, found.rest, current
        )


def _first_words(index: Index, current: str) -> Iterator[tuple[str, str]]:
    for noun, verbs in index.commands.items():
        if not noun:
            for verb in verbs.values():
                yield verb.name, verb.summary
        elif current.startswith(f"{noun}:"):
            for verb in verbs.values():
                yield f"{noun}:{verb.name}", verb.summary
        else:
            yield noun, ", ".join(verbs)
    yield from _options(COMMON)


def _options(parameters: Sequence[Parameter]) -> Iterator[tuple[str, str]]:
    for item in parameters:
        if item.kind == "option":
            yield item.spelling, item.help


def _for_operation(
    parameters: Sequence[Parameter], root: Path, words: Sequence[str], current: str
) -> Iterator[tuple[str, str]]:
    options = {item.spelling: item for item in (*parameters, *COMMON) if item.kind == "option"}
    arguments = [item for item in parameters if item.kind == "argument"]
    place = 0
    awaited: Parameter | None = None
    for word in words:
        option = options.get(word)
        if awaited is not None:
            awaited = None
        elif option is not None and not option.flag:
            awaited = option
        elif word == "--global" or not word.startswith("-"):
            place += 1
    if awaited is not None:
        yield from _values(awaited, root)
        return
    if current.startswith("-"):
        yield from _options(tuple(options.values()))
    if place < len(arguments):
        yield from _values(arguments[place], root)
    elif arguments and arguments[-1].many:
        yield from _values(arguments[-1], root)


def _values(item: Parameter, root: Path) -> Iterator[tuple[str, str]]:
    for choice in item.choices:
        yield choice, ""
    if item.scope:
        yield "--global", "all apps"
    if item.app:
        yield from _apps(root)


def _apps(root: Path) -> Iterator[tuple[str, str]]:
    """Give the apps; a root that cannot be read has none, for this is no place for an error."""
    from dokkupy.store import Store

    store = Store(Paths(root).state_db)
    try:
        yield from ((app.name, "app") for app in store.apps.list())
    except DokkupyError:
        return
    finally:
        store.close()
