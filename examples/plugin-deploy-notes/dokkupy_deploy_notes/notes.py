"""The notes that are kept, as documents in the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from dokkupy.store import Store

NOUN = "deploy-notes"
MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is remembered of one deploy, or of an app's beginning."""

    what: Literal["created", "deployed", "failed"]
    release: int | None
    note: str
    built_by: str
    """The builder, empty when nothing was built for it."""
    config_changed: tuple[str, ...]
    """Keys, never values."""
    cause: str
    """Why it failed."""


def kept(store: Store, app: str) -> list[Note]:
    """Return the notes of an app, the newest first."""
    return [
        Note(**{**one, "config_changed": tuple(one["config_changed"])})
        for one in store.documents.get(app, NOUN, "kept") or ()
    ]


def keep(
    store: Store,
    app: str,
    what: Literal["created", "deployed", "failed"],
    *,
    note: str,
    release: int | None = None,
    cause: str = "",
) -> None:
    """Add a note, with what is remembered since the one before."""
    with store.write():
        fresh = Note(
            what=what,
            release=release,
            note=note,
            built_by=store.documents.get(app, NOUN, "builder") or "",
            config_changed=tuple(store.documents.get(app, NOUN, "keys") or ()),
            cause=cause,
        )
        before = store.documents.get(app, NOUN, "kept") or []
        store.documents.set(app, NOUN, "kept", [asdict(fresh), *before][:MOST])
        store.documents.unset(app, NOUN, "builder")
        store.documents.unset(app, NOUN, "keys")


def remember_keys(store: Store, app: str, keys: Iterable[str]) -> None:
    """Add keys to what the next note will name."""
    with store.write():
        before = store.documents.get(app, NOUN, "keys") or []
        store.documents.set(app, NOUN, "keys", sorted({*before, *keys}))


def remember_builder(store: Store, app: str, builder: str) -> None:
    """Let the next note name the builder."""
    store.documents.set(app, NOUN, "builder", builder)
