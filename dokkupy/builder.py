"""The protocol of a builder: source -> image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dokkupy.engine import Engine
    from dokkupy.types import Build, Environment, EnvLayer, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one build may take of the host."""

    memory: int
    """Bytes."""
    cpu_shares: int = 16
    """Weight against serving containers, which have 1024."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """Everything a builder is given."""

    source: Source
    env: Environment
    """The compiled environment of the build phase; secret unless declared otherwise."""
    layers: Sequence[EnvLayer] = ()
    """What `env` was compiled from, lowest rank first; only a `public` layer is no secret."""
    properties: dict[str, object]
    """The values of the builder's own property group for this app."""
    labels: dict[str, str]
    limits: Limits
    engine: Engine
    on_line: Callable[[str], None]
    """Called with each line of output as it happens."""
    provide_image: Callable[[str], bool]
    """Ask the stack plugins for a base image that the engine lacks; True when it is there now."""
    programs: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Name -> script that comes first in `PATH` under it, for builders that have a `PATH`."""
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    """App config that the builder may mount as build secrets, never as build arguments."""


class Builder(Protocol):
    """A way to make an image of a source.

    Contract: `dokkupy.testing.suites.BuilderContract`.
    """

    name: str
    looks_for: str
    """What `detect` looks for, for the message when no builder agrees: `a Dockerfile`."""

    def detect(self, source: Source, properties: dict[str, object]) -> bool:
        """Say whether this builder can build `source`; read-only and quick."""
        ...

    def build(self, request: BuildRequest) -> Build:
        """Build an image with `request.labels` on it.

        Raises:
            BuildFailed: no image came out; its output has been given to `on_line`.
        """
        ...
