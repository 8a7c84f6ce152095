"""A container engine: its protocol, and the values that it takes and gives."""

from __future__ import annotations

from dokkupy.engine.containers import (
    ContainerFile,
    ContainerInfo,
    ContainerSpec,
    Finished,
    Listener,
    NetworkSpec,
    PublishedPort,
)
from dokkupy.engine.images import STAGE, ImageBuild, ImageInfo, ImageLayer, RegistryLogin
from dokkupy.engine.protocol import Engine

__all__ = [
    "STAGE",
    "ContainerFile",
    "ContainerInfo",
    "ContainerSpec",
    "Engine",
    "Finished",
    "ImageBuild",
    "ImageInfo",
    "ImageLayer",
    "Listener",
    "NetworkSpec",
    "PublishedPort",
    "RegistryLogin",
]
