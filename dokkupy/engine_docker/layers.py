"""Images made of another one and an archive, without running anything."""

from __future__ import annotations

from contextlib import suppress
from typing import IO, Final

from dokkupy.engine import ImageLayer
from dokkupy.engine_docker.client import Client
from dokkupy.engine_docker.images import with_size
from dokkupy.engine_docker.wire import open_stream
from dokkupy.errors import NotFound

_UNPACK_SECONDS: Final = 600.0


def add_layer(client: Client, layer: ImageLayer, tar: IO[bytes]) -> str:
    """Unpack an archive into a container that never starts, and keep that as an image."""
    below = client.get(f"/images/{layer.image}/json").get("Config") or {}
    config = {
        "Image": layer.image,
        "Labels": dict(layer.labels),
        "HostConfig": {"NetworkMode": "none"},
        "Entrypoint": list(layer.entrypoint) or below.get("Entrypoint"),
        # Of what has neither, no container is made.
        "Cmd": list(layer.command) or below.get("Cmd") or ["true"],
    }
    container = str(client.post("/containers/create", config)["Id"])
    try:
        with (
            with_size(tar) as upload,
            open_stream(
                client.socket,
                "PUT",
                f"/containers/{container}/archive",
                query={"path": layer.path},
                headers={"Content-Type": "application/x-tar"},
                body=upload,
                timeout=_UNPACK_SECONDS,
            ) as answer,
        ):
            answer.read_all()
        made = client.post(
            "/commit",
            {"Labels": dict(layer.labels)},
            timeout=_UNPACK_SECONDS,
            container=container,
            pause="0",
        )
    finally:
        with suppress(NotFound):
            client.delete(f"/containers/{container}", force="1", v="1")
    return str(made["Id"])
