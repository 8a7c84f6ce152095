"""What an operation returned, as JSON knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType
from typing import Any

from dokkupy.types import Environment


def to_json(value: object) -> Any:
    """Return a result made of dicts, lists, strings, numbers, booleans and None.

    Fields keep their order and names. The values of an `Environment` are hidden; an operation
    that is about showing them returns a plain dict.
    """
    if isinstance(value, Environment):
        return dict.fromkeys(value, "****")
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        return [to_json(item) for item in items]
    if isinstance(value, Enum):
        return value.value
    return value if isinstance(value, (bool, int, float, NoneType)) else str(value)
