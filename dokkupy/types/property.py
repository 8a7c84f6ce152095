"""The settings that a plugin declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A setting that a plugin declares once; set, report, clone and destroy follow from it."""

    name: str
    type: type
    """`str`, `int`, `float`, `bool`, or a class with a `parse` classmethod, shown as text.

    Such a class may have a method `refuse_from_afar`, which raises for a value that only somebody
    on the server itself may set, such as the name of a folder there.
    """
    help: str
    default: str | int | float | bool | None = None
    scopes: Literal["app", "global", "both"] = "both"
    choices: tuple[str, ...] = ()
    pattern: str = ""
    """A regular expression that the whole text must match, empty for any."""
    takes_effect: Literal["now", "next deploy"] = "next deploy"
    """`now`: the routes are applied again when it changes."""
    cloned: bool = True
    """Whether `apps clone` carries it over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyGroup:
    """The settings of one plugin under the noun that its operations use (`nginx`)."""

    noun: str
    properties: tuple[Property, ...]
