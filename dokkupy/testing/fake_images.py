"""The images of the fake engine, and their names."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Collection, Mapping
from typing import IO, Final

from dokkupy.engine import ImageInfo, ImageLayer
from dokkupy.errors import Conflict, EngineError, ImageNotFound
from dokkupy.testing.fake_build import FakeImage

SIZE: Final = 1024
"""Bytes of every image."""


class FakeImages:
    """Images by id, tags that point to them; its owner's lock guards every method."""

    def __init__(self) -> None:
        self._images: dict[str, FakeImage] = {}
        self._tags: dict[str, str] = {}
        self._pushed: dict[str, FakeImage] = {}

    def add(self, image: FakeImage, reference: str = "") -> str:
        """Keep an image, under a name if one is given, and return its id."""
        self._images.setdefault(image.id, image)
        if reference:
            self._tags[_normal(reference)] = image.id
        return image.id

    def find(self, reference: str) -> FakeImage:
        """Return an image by id or name."""
        identity = self._tags.get(_normal(reference), reference)
        if identity in self._images:
            return self._images[identity]
        raise ImageNotFound(f"No such image: {reference}.", hint="See: docker image ls")

    def info(self, reference: str) -> ImageInfo:
        """Return what the engine says of an image."""
        image = self.find(reference)
        return ImageInfo(
            id=image.id,
            tags=tuple(self._tags_of(image)),
            labels=dict(image.labels),
            entrypoint=image.entrypoint,
            command=image.command,
            exposed_ports=tuple(sorted(image.exposed_ports)),
            env_keys=tuple(image.env),
            architecture="amd64",
            size=SIZE,
            created_at=image.created_at,
        )

    def own_sizes(self) -> dict[str, int]:
        """Return a size for each image; none shares anything."""
        return dict.fromkeys(self._images, SIZE)

    def labelled(self, labels: Mapping[str, str]) -> list[ImageInfo]:
        """Return the images that carry all of `labels`."""
        found = (i for i in self._images.values() if labels.items() <= i.labels.items())
        return [self.info(image.id) for image in found]

    def push(self, reference: str) -> str:
        """Have a registry keep what a name points to, and return its digest."""
        self._pushed[_normal(reference)] = image = self.find(reference)
        return "sha256:" + hashlib.sha256(image.id.encode()).hexdigest()

    def pull(self, reference: str) -> None:
        """Have what a registry keeps under a name: what was pushed, else an image of its own."""
        image = self._pushed.get(_normal(reference))
        self.add(image or FakeImage.named_by([reference, [], {}, []]), reference)

    def tag(self, image: str, reference: str) -> None:
        """Give an image one more name."""
        self._tags[_normal(reference)] = self.find(image).id

    def import_tar(self, tar: IO[bytes], reference: str, labels: Mapping[str, str]) -> str:
        """Keep a root file system as an image."""
        content = tar.read()
        try:
            tarfile.open(fileobj=io.BytesIO(content)).close()
        except tarfile.ReadError as error:
            raise EngineError(
                f"{reference} could not be imported: {error}.",
                hint="See whether it is a whole tar archive: tar --list",
            ) from error
        digest = hashlib.sha256(content).hexdigest()
        image = FakeImage.named_by([digest, dict(labels)], labels=dict(labels))
        return self.add(image, reference)

    def add_layer(self, layer: ImageLayer, content: bytes) -> str:
        """Keep an image that is another one and an archive."""
        below = self.find(layer.image)
        try:
            tarfile.open(fileobj=io.BytesIO(content)).close()
        except tarfile.ReadError as error:
            raise EngineError(
                f"The archive could not be unpacked: {error}.",
                hint="See whether it is a whole tar archive: tar --list",
            ) from error
        digest = hashlib.sha256(content).hexdigest()
        image = FakeImage.named_by(
            [below.id, digest, repr(layer)],
            labels={**below.labels, **layer.labels},
            entrypoint=layer.entrypoint or below.entrypoint,
            command=layer.command or below.command,
            exposed_ports=set(below.exposed_ports),
            env=dict(below.env),
        )
        return self.add(image)

    def remove(self, reference: str, used: Collection[str]) -> None:
        """Remove a tag, or an image that is not among `used`; a missing one is fine."""
        try:
            image = self.find(reference)
        except ImageNotFound:
            return
        tags = self._tags_of(image)
        name = _normal(reference)
        if name in tags and len(tags) > 1:
            del self._tags[name]
            return
        if image.id in used:
            raise Conflict(
                f"The image {reference} is used by a container.", hint="See: docker ps --all"
            )
        for tag in tags:
            del self._tags[tag]
        del self._images[image.id]

    def _tags_of(self, image: FakeImage) -> list[str]:
        return [tag for tag, identity in self._tags.items() if identity == image.id]


def _normal(reference: str) -> str:
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"
