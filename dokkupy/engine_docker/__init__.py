"""The engine that is Docker on this host; no other package knows its SDK."""

from __future__ import annotations

from dokkupy.engine_docker.engine import DockerEngine

__all__ = ["DockerEngine"]
