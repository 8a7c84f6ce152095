"""Words with which an operation can be tried, made up from the types of its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dokkupy.names import AppName, EnvKey, HostName, Name, ProcessName, Scope
from dokkupy.operations.parameters import KeyValue
from dokkupy.ports import Port

if TYPE_CHECKING:
    from dokkupy.operations.registry import Operation, Parameter
    from dokkupy.types import PropertyGroup

SECRET: Final = "contract-secret-5f1c9e"  # noqa: S105 - what must not be found anywhere
KEY: Final = "SAMPLE"
HOST: Final = "sample.example.test"

HOSTILE: Final = (
    "",
    " ",
    "-",
    "--force",
    "a" * 300,
    "a b",
    "a\nb",
    "a\n",
    "../../etc/passwd",
    "$(id)",
    "a;id",
    "a|id",
    "`id`",
    "A_B",
    "a'b\"c",
    "{}%s%n",
    "ü",
    "\N{PARTY POPPER}",
    "\x1b[31m",
    "1e999",
    "nan",
    "-1",
    "99999999999999999999",
    "1_0",
    " 1",
    "@global",
    "=",
    "a=",
    "=b",
    "1A=b",
    "true",
    "null",
)
"""Texts that have broken other programs, as values of any parameter."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The words after an operation's name, and its input."""

    words: tuple[str, ...] = ()
    stdin: bytes = b""


def made_up(operation: Operation, app: AppName, group: PropertyGroup | None = None) -> Sample:
    """Return words that fit an operation's types: it may still have reasons to refuse them.

    `group` holds the settings that an operation of theirs (`NOUN set`) is about.
    """
    words: list[str] = []
    for item in operation.parameters:
        if item.kind == "stdin" or not item.required:
            continue
        words += [item.spelling] if item.kind == "option" else []
        if operation.bound and item.name == "key" and group is not None:
            words.append(group.properties[0].name)
        else:
            words.append(_text(item.type, item, app))
    return Sample((*words, *(["--force"] if operation.spec.confirm else [])))


def _text(kind: Any, item: Parameter, app: AppName) -> str:
    if item.choices:
        return item.choices[0]
    if kind in (AppName, Scope):
        return str(app)
    if kind is KeyValue:
        return f"{KEY}={SECRET}"
    if isinstance(kind, type):
        known: tuple[tuple[type, str], ...] = (
            (HostName, HOST),
            (EnvKey, KEY),
            (ProcessName, "web"),
            (Name, "sample"),
            (Port, "8080"),
            (int, "1"),
            (float, "1.5"),
            (Path, "/dev/null"),
        )
        for base, text in known:
            if issubclass(kind, base):
                return text
    return "sample"
