"""What is built, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dokkupy.names import AppName


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
