"""What is built, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from dokkupy.names import AppName
from dokkupy.types.process import ProcessType


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One revision's tree, exported for a build; `path` is removed after the build."""

    app: AppName
    path: Path
    revision: str
    """Full commit id, or a digest of an archive."""
    origin: str
    """Where it came from, as a person would say it: `push of main`, `archive app.tar.gz`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What a builder made of a source."""

    app: AppName
    builder: str
    image: str
    """The engine's image id (`sha256:…`)."""
    processes: Mapping[str, str] = field(default_factory=dict)
    """Process types that the builder itself knows of (process -> command line); a Procfile wins."""


class BuildState(StrEnum):
    """Where a build is in its life."""

    QUEUED = "queued"
    BUILDING = "building"
    CANCELLING = "cancelling"
    BUILT = "built"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRecord:
    """A numbered build of an app and what came of it, kept to be deployed at any time."""

    app: AppName
    number: int
    state: BuildState
    origin: str
    """Where the source came from: `push of main (1a2b3c4d)`."""
    revision: str
    builder: str
    """Empty, as all that follows of it, before it is built."""
    image: str
    """The engine's image id; tagged `…/APP:build-N` when no release has it."""
    processes: tuple[ProcessType, ...]
    release_task: tuple[str, ...]
    actor: str
    created_at: float
    """Seconds since the epoch (UTC)."""
    finished_at: float
    """Seconds since the epoch (UTC); 0.0 before its end."""
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What a plugin adds to the builds of an app."""

    programs: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Name -> script that a build finds first in its `PATH` under that name."""
