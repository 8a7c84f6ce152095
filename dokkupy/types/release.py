"""One row of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dokkupy.names import AppName
from dokkupy.types.environment import Environment
from dokkupy.types.process import ProcessType


class ReleaseState(StrEnum):
    """Where a release is in its life."""

    PENDING = "pending"
    LIVE = "live"
    FAILED = "failed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A numbered, immutable row of the ledger: image, compiled environment, process types."""

    app: AppName
    number: int
    image: str
    """The engine's image id; tagged `…/APP:release-N` so that pruning cannot take it."""
    revision: str
    builder: str
    processes: tuple[ProcessType, ...]
    env: Environment
    """The compiled environment of the run phase."""
    config: Environment
    """The app's own config at that time, which a rollback brings back."""
    description: str
    """Why it was made: `push of main`, `config set KEY`, `rollback to 3`."""
    actor: str
    created_at: float
    """Seconds since the epoch (UTC)."""
    release_task: tuple[str, ...] = ()
    """The Procfile's `release:` command, run once in the new image before any switch."""
    state: ReleaseState = ReleaseState.PENDING
    error: str = ""
    build: int = 0
    """Number of the build that made the image; 0 when it came from elsewhere."""
    image_gone: bool = False
    """True when housekeeping has removed the image, so that it cannot be rolled back to."""
