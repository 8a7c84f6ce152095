"""The variables that only builds see, per app and for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from dokkupy.types import Environment

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.store import Store

NOUN: Final = "build-env"
_KEY: Final = "variables"

DEFAULTS: Final[Mapping[str, str]] = {"CURL_CONNECT_TIMEOUT": "90", "CURL_TIMEOUT": "600"}
"""Seconds that a download in a build may take to connect, and altogether: enough for a slow
mirror, few enough that a dead one ends the build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable of builds."""

    key: str
    value: str = field(repr=False)
    source: Literal["app", "global", "default"]


def chosen(store: Store, scope: str) -> Environment:
    """Return the variables that were set in one scope, an app's name or empty for global."""
    return Environment(store.documents.get(scope, NOUN, _KEY) or {})


def change(store: Store, scope: str, assign: Mapping[str, str], unset: Iterable[str] = ()) -> None:
    """Set and unset variables of one scope in one transaction; the scope must exist."""
    with store.write():
        before = chosen(store, scope)
        gone = sorted(key for key in unset if key in before)
        after = {key: value for key, value in before.items() if key not in gone} | dict(assign)
        store.documents.set(scope, NOUN, _KEY, after)
        store.events.add("build-env.changed", scope, {"set": sorted(assign), "unset": gone})


def effective(store: Store, app: AppName | None) -> list[Variable]:
    """Return by key what a build of `app` gets, or any app's build for None."""
    found = {
        key: Variable(key=key, value=value, source="default") for key, value in DEFAULTS.items()
    }
    for key, value in chosen(store, "").items():
        found[key] = Variable(key=key, value=value, source="global")
    for key, value in (chosen(store, app) if app else {}).items():
        found[key] = Variable(key=key, value=value, source="app")
    return [found[key] for key in sorted(found)]
