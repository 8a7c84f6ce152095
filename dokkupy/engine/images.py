"""The values that an engine takes and gives about images and their registries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """What the engine says of an image."""

    id: str
    tags: tuple[str, ...]
    labels: Mapping[str, str]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    exposed_ports: tuple[int, ...]
    """TCP ports, ascending."""
    env_keys: tuple[str, ...]
    architecture: str
    size: int
    """Bytes."""
    created_at: float = 0.0
    """Seconds since the epoch (UTC); 0.0 when nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLayer:
    """What to put on top of an image."""

    image: str
    """Id or name of the image below, whose config holds where nothing is said here."""
    labels: Mapping[str, str]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


STAGE: Final = "dokkupy.stage"
"""Label of the images that the earlier stages of a build leave, as a cache for the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBuild:
    """A Dockerfile build."""

    context: Path
    """A directory; its `.dockerignore` is honoured."""
    dockerfile: str
    """Path relative to the context."""
    args: Mapping[str, str]
    """Build arguments; they show in the image's history, so nothing secret."""
    labels: Mapping[str, str]
    memory: int
    """Bytes; enforced unless `secrets` or `buildkit` ask for BuildKit, which has no cap."""
    cpu_shares: int
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Name -> value, for `RUN --mount=type=secret,id=NAME`; not empty means BuildKit."""
    buildkit: bool = False
    """True when the Dockerfile uses what only BuildKit knows (`RUN --mount`, heredocs …)."""
    no_cache: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLogin:
    """Who we are to a registry of images."""

    host: str
    """As the names of its images begin: `HOST` or `HOST:PORT`."""
    user: str
    secret: str = field(repr=False)
