"""One entry of the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, written together with the change it tells of."""

    id: int
    at: float
    """Seconds since the epoch (UTC)."""
    actor: str
    verb: str
    """`app.created`, `release.live`, `config.set` …"""
    app: str
    """Empty when it concerns no single app."""
    data: Mapping[str, object]
    """Never holds a secret: keys and numbers, not values."""
