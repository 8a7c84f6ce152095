"""The build arguments that people declare for an app, kept with the app."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from dokkupy.names import AppName
from dokkupy.types import Environment

if TYPE_CHECKING:
    from dokkupy.store import Store

NOUN: Final = "build-args"
_KEY: Final = "chosen"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildArg:
    """One declared build argument; `value` is None when the app's config lacks the key."""

    key: str
    value: str | None
    source: Literal["set", "config"]


def declared(store: Store, app: AppName) -> list[BuildArg]:
    """Return the build arguments of `app` by key, those from its config with today's value."""
    chosen: dict[str, str | None] = store.documents.get(app, NOUN, _KEY) or {}
    if not chosen:
        return []
    config = {**store.config.get(""), **store.config.get(app)}
    return [
        BuildArg(key=key, value=config.get(key), source="config")
        if value is None
        else BuildArg(key=key, value=value, source="set")
        for key, value in sorted(chosen.items())
    ]


def change(
    store: Store, app: AppName, assign: Mapping[str, str | None], unset: Iterable[str] = ()
) -> None:
    """Declare and forget build arguments; None takes the value from the app's config."""
    with store.write():
        chosen: dict[str, str | None] = store.documents.get(app, NOUN, _KEY) or {}
        gone = sorted(key for key in unset if key in chosen)
        chosen = {key: value for key, value in chosen.items() if key not in gone} | dict(assign)
        store.documents.set(app, NOUN, _KEY, chosen)
        store.events.add("build-args.changed", app, {"set": sorted(assign), "unset": gone})


def clone(store: Store, origin: AppName, app: AppName) -> None:
    """Declare for `app` what is declared for `origin`."""
    chosen: dict[str, str | None] = store.documents.get(origin, NOUN, _KEY) or {}
    if chosen:
        change(store, app, chosen)


def environment(arguments: Iterable[BuildArg]) -> Environment:
    """Return the arguments that have a value."""
    return Environment({arg.key: arg.value for arg in arguments if arg.value is not None})
