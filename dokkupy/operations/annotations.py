"""The types that annotations mean, those that only type checkers import among them.

An operation's module names its result types, and keeps what costs time to import below
`if TYPE_CHECKING:`. Whoever describes an operation needs them all the same, and can afford it.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import typing
from collections.abc import Iterator, Mapping
from dataclasses import fields
from types import ModuleType, SimpleNamespace
from typing import Any

from dokkupy import types
from dokkupy.errors import PluginError


def result_type(function: Any) -> Any:
    """Return what an operation's signature says it returns.

    Raises:
        PluginError: it says nothing, or names a type that cannot be found.
    """
    where = f"{function.__module__}.{function.__qualname__}"
    if "return" not in function.__annotations__:
        raise PluginError(f"The operation {where} does not say what it returns.")
    found = _resolved({"return": function.__annotations__["return"]}, function.__module__, where)
    return found["return"]


def field_types(kind: type) -> dict[str, Any]:
    """Return the type of every field of a dataclass, in their order.

    Raises:
        PluginError: one names a type that cannot be found.
    """
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        own = inspect.get_annotations(base)
        found |= _resolved(own, base.__module__, f"{base.__module__}.{base.__qualname__}")
    return {field.name: found[field.name] for field in fields(kind)}


def field_texts(kind: type) -> dict[str, str]:
    """Return the text that stands below fields of a dataclass in its source: field -> text."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if base is not object:
            found |= _texts_below(base)
    return found


def _resolved(annotations: Mapping[str, Any], module: str, where: str) -> dict[str, Any]:
    home = sys.modules.get(module) or importlib.import_module(module)
    try:
        return typing.get_type_hints(
            SimpleNamespace(__annotations__=dict(annotations)),
            globalns=vars(home),
            localns=_Names(home),
            include_extras=False,
        )
    except (NameError, ImportError, AttributeError, SyntaxError, TypeError) as error:
        raise PluginError(
            f"{where} has a type that cannot be resolved: {error}.",
            hint="Import it in its module, below `if TYPE_CHECKING:` if that costs time.",
        ) from None


class _Names(dict[str, Any]):
    """The names of a module, with those that it imports for type checkers alone."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__(vars(module))
        self._module = module

    def __missing__(self, name: str) -> Any:
        for other, original in _checked_imports(self._module, name):
            found = importlib.import_module(other)
            return getattr(found, original) if original else found
        if hasattr(types, name):
            return getattr(types, name)
        raise KeyError(name)


def _checked_imports(module: ModuleType, name: str) -> Iterator[tuple[str, str]]:
    """Yield module and attribute that `name` stands for below the module's TYPE_CHECKING."""
    for block in ast.parse(_source(module)).body:
        if not (isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)):
            continue
        for node in block.body:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        yield node.module, alias.name
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        yield alias.name, ""


def _texts_below(kind: type) -> dict[str, str]:
    try:
        [definition] = ast.parse(inspect.cleandoc(inspect.getsource(kind))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return {}
    if not isinstance(definition, ast.ClassDef):
        return {}
    found = {}
    for node, after in zip(definition.body, definition.body[1:], strict=False):
        match node, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = inspect.cleandoc(text)
    return found


def _source(module: ModuleType) -> str:
    try:
        return inspect.getsource(module)
    except (OSError, TypeError):
        return ""
