"""What a container gets besides its image: networks to join and folders from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A named volume, or a folder of the host, that a container sees at a path of its own."""

    source: str
    """The name of a volume, or an absolute path of the host."""
    target: str
    """An absolute path in the container."""
    read_only: bool = False

    @property
    def is_volume(self) -> bool:
        """Whether the engine keeps it under a name, rather than the host at a path."""
        return not self.source.startswith("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerOptions:
    """What a plugin adds to the containers of an app."""

    networks: tuple[str, ...] = ()
    """Names of networks to join beside the root's own."""
    mounts: tuple[Mount, ...] = ()
