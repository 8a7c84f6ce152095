"""The image of an app: the run image, a layer for each large thing that was built, the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Final

from dokkupy import declared
from dokkupy.engine import ImageLayer
from dokkupy.scheduler_docker import LAUNCHER
from dokkupy_buildpacks.launcher import PATH

if TYPE_CHECKING:
    from dokkupy.engine import Engine

LABEL: Final = "dokkupy.buildpacks.layer"
"""On images that hold what apps share between their builds: the key of the layer."""

STACK_LABEL: Final = "dokkupy.buildpacks.stack"
ROOT: Final = "dokkupy.root"
APP: Final = "dokkupy.app"


class Assembly:
    """Makes the images of one app; `labels` are those of its next image."""

    def __init__(self, engine: Engine, labels: Mapping[str, str], stack: str) -> None:
        self._engine = engine
        self._labels = dict(labels)
        self._stack = stack
        self._owner = {key: labels[key] for key in (ROOT, APP) if key in labels}
        word = hashlib.sha256("\0".join(self._owner.values()).encode()).hexdigest()[:16]
        self._repository = f"dokkupy-layers/{word}"

    def kept(self) -> list[str]:
        """Return the keys of the layers that are here."""
        images = self._engine.images({**self._owner, STACK_LABEL: self._stack})
        return [
            image.labels[LABEL]
            for image in images
            if image.labels.get(LABEL) and self._reference(image.labels[LABEL]) in image.tags
        ]

    def make(
        self,
        run: str,
        layers: Sequence[Mapping[str, Any]],
        archives: list[IO[bytes]],
        processes: Mapping[str, str],
    ) -> str:
        """Return the id of an image of `run`, the layers in their order, and what is left.

        `archives` are those of the layers that were sent, and the one of the rest; `processes`
        are what runs when the source does not say it.
        """
        below, used = run, set[str]()
        waiting = iter(archives)
        for layer in layers:
            reference = self._reference(layer["key"])
            if layer["sent"]:
                labels = {**self._owner, LABEL: layer["key"], STACK_LABEL: self._stack}
                made = ImageLayer(image=below, labels=labels)
                self._engine.tag(self._engine.add_layer(made, next(waiting)), reference)
            used.add(reference)
            below = reference
        top = ImageLayer(
            image=below,
            labels={
                **declared.with_defaults(self._labels, processes),
                LABEL: "",
                STACK_LABEL: self._stack,
                LAUNCHER: PATH,
            },
            entrypoint=(PATH,),
        )
        image = self._engine.add_layer(top, next(waiting))
        if any(layer["sent"] for layer in layers):
            self.forget(except_for=used)
        return image

    def _reference(self, key: str) -> str:
        return f"{self._repository}:{key[:32]}"

    def forget(self, except_for: Collection[str] = ()) -> None:
        """Drop the names of the layers of earlier builds; releases keep what they stand on."""
        for image in self._engine.images(self._owner):
            for tag in image.tags:
                if tag.startswith(f"{self._repository}:") and tag not in except_for:
                    self._engine.remove_image(tag)
