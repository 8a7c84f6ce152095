"""The notes that are kept, as documents in the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dokkupy.store import Store

NOUN = "deploy-notes"
MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is remembered of one deploy."""

    release: int
    note: str
    config_changed: tuple[str, ...]
    """Keys, never values."""


def kept(store: Store, app: str) -> list[Note]:
    """Return the notes of an app, the newest first."""
    return [
        Note(release=number, note=note, config_changed=tuple(keys))
        for number, note, keys in store.documents.get(app, NOUN, "kept") or ()
    ]


def keep(store: Store, app: str, release: int, note: str) -> None:
    """Add a note with the config keys that changed since the one before."""
    with store.write():
        pending = store.documents.get(app, NOUN, "pending") or []
        before = store.documents.get(app, NOUN, "kept") or []
        store.documents.set(app, NOUN, "kept", [[release, note, pending], *before][:MOST])
        store.documents.unset(app, NOUN, "pending")


def remember(store: Store, app: str, keys: Iterable[str]) -> None:
    """Add keys to what the next note will name."""
    with store.write():
        pending = store.documents.get(app, NOUN, "pending") or []
        store.documents.set(app, NOUN, "pending", sorted({*pending, *keys}))
