"""The errors that an operation may end with, as it declares them.

An author names in the docstring, under `Raises:`, what is particular to the operation. What
follows from the signature and from where it runs is added: an app that does not exist, a value
that cannot be read, a root that is missing, a plugin that fails.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from dokkupy import errors
from dokkupy.errors import DokkupyError, PluginError
from dokkupy.operations.registry import Operation

_ENTRY: Final = re.compile(r"^    (\w+): ", re.MULTILINE)
_ANYWHERE: Final = (
    ("StateError", "the root is missing, damaged, or not yours to use"),
    ("PluginError", "a plugin failed at it"),
)
_WORKING: Final = (
    ("EngineError", "the container engine failed or does not answer"),
    ("BuildFailed", "no image came out of the build"),
    ("DeployFailed", "the new containers did not take the traffic"),
    ("ProxyRefused", "the proxy did not accept what would follow"),
    ("Refused", "a plugin, or what is under way, does not allow it"),
)
"""What may end work that a detached runner does: all of it goes the way of a push."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredError:
    """One way in which an operation may fail."""

    code: str
    """The word for programs: `error.code` of the body that `--json` shows."""
    exit_code: int
    when: str


def declared_errors(operation: Operation) -> tuple[DeclaredError, ...]:
    """Return the errors of an operation, by exit code.

    Raises:
        PluginError: its docstring names an error that is none of dokkupy's.
    """
    found: dict[str, DeclaredError] = {}
    entries = [*_documented(operation), *_implied(operation)]
    for name, when in entries:
        kind = error_class(operation.function, name)
        declared = DeclaredError(code=kind.code, exit_code=kind.exit_code, when=when)
        found.setdefault(kind.code, declared)
    return tuple(sorted(found.values(), key=lambda one: (one.exit_code, one.code)))


def error_class(function: Any, name: str) -> type[DokkupyError]:
    """Return the class that a docstring's `Raises:` names.

    Raises:
        PluginError: there is no such error.
    """
    home = sys.modules[function.__module__]
    found = getattr(errors, name, getattr(home, name, None))
    if not (isinstance(found, type) and issubclass(found, DokkupyError)):
        raise PluginError(
            f"{function.__module__}.{function.__qualname__} says that it raises {name}, which is "
            "no error of dokkupy's.",
            hint="Name one of dokkupy.errors, or a subclass that its module imports.",
        )
    return found


def _documented(operation: Operation) -> Iterator[tuple[str, str]]:
    text = (inspect.getdoc(operation.function) or "").partition("\nRaises:\n")[2]
    parts = _ENTRY.split(text)
    for name, when in zip(parts[1::2], parts[2::2], strict=True):
        yield name, " ".join(when.split()).rstrip(".")


def _implied(operation: Operation) -> Iterator[tuple[str, str]]:
    spec = operation.spec
    names_an_app = any(item.app for item in operation.parameters)
    if operation.parameters:
        yield "UsageError", "a value is wrong or missing"
    if names_an_app:
        yield "NotFound", "the app does not exist"
        if not (spec.reads or spec.interactive or spec.despite_lock):
            yield "Locked", "somebody has locked the app"
    if spec.confirm:
        yield "Refused", "nobody confirmed it"
    yield from _ANYWHERE
    if not spec.reads and str(operation.function.__annotations__["return"]).startswith("Stream["):
        yield from _WORKING
