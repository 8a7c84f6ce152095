"""The engine that is Docker on this host; nothing outside of this package knows Docker."""

from __future__ import annotations

from dokkupy.engine_docker.engine import DockerEngine

__all__ = ["DockerEngine"]
