"""Images made of another one and an archive, without a container."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import IO, Any, Final

from dokkupy.engine import ImageLayer
from dokkupy.engine_docker.client import Client
from dokkupy.engine_docker.images import with_size
from dokkupy.engine_docker.wire import Upload, messages, open_stream
from dokkupy.errors import EngineError

_LOAD_SECONDS: Final = 600.0
_CHUNK: Final = 1024 * 1024
_LAYER: Final = "layer.tar"


def add_layer(client: Client, layer: ImageLayer, tar: IO[bytes]) -> str:
    """Hand the engine an image of which it has every layer but the last.

    See "Docker Image Specification v1.2" in Docker's documentation: of layers that the engine
    knows by their digests, no content is asked for.

    Raises:
        ImageNotFound: there is no image below.
        EngineError: the engine does not take it.
    """
    below = client.get(f"/images/{layer.image}/json")
    known = list(below["RootFS"]["Layers"])
    with with_size(tar) as upload:
        config = json.dumps(_config(below, layer, [*known, _digest(tar)])).encode()
        image = hashlib.sha256(config).hexdigest()
        manifest = {"Config": f"{image}.json", "Layers": [*map(str, range(len(known))), _LAYER]}
        named = {f"{image}.json": config, "manifest.json": json.dumps([manifest]).encode()}
        with open_stream(
            client.socket,
            "POST",
            "/images/load",
            query={"quiet": "1"},
            headers={"Content-Type": "application/x-tar"},
            body=_archive(named, upload),
            timeout=_LOAD_SECONDS,
        ) as stream:
            for message in messages(stream):
                if "error" in message:
                    raise EngineError(
                        f"Docker could not unpack the archive: {message['error']}.",
                        hint="See whether it is a whole tar archive: tar --list",
                    )
    return f"sha256:{image}"


def _digest(tar: IO[bytes]) -> str:
    begin = tar.tell()
    found = hashlib.sha256()
    while piece := tar.read(_CHUNK):
        found.update(piece)
    tar.seek(begin)
    return f"sha256:{found.hexdigest()}"


def _config(below: Mapping[str, Any], layer: ImageLayer, layers: list[str]) -> dict[str, Any]:
    config = dict(below.get("Config") or {})
    config["Labels"] = {**(config.get("Labels") or {}), **layer.labels}
    if layer.entrypoint:
        config["Entrypoint"] = list(layer.entrypoint)
    if layer.command:
        config["Cmd"] = list(layer.command)
    return {
        "architecture": below["Architecture"],
        "os": below["Os"],
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": layers},
    }


def _archive(named: Mapping[str, bytes], layer: Upload) -> Upload:
    """Return an archive of some small files and a layer, which is read as it is sent."""
    front = io.BytesIO()
    with tarfile.open(fileobj=front, mode="w") as tar:
        for name, content in named.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        begin = tar.offset
    member = tarfile.TarInfo(_LAYER)
    member.size = layer.size
    head = front.getvalue()[:begin] + member.tobuf()
    # Members are padded to whole blocks; two empty ones end an archive.
    tail = bytes(-layer.size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)

    def pieces() -> Iterator[bytes]:
        yield head
        yield from layer.pieces
        yield tail

    return Upload(size=len(head) + layer.size + len(tail), pieces=pieces())
