"""The container engine as a server needs it, and what a root has in it."""

from __future__ import annotations

import grp
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dokkupy.engine import Engine
from dokkupy.errors import Conflict, EngineError
from dokkupy.host.account import ENGINE_GROUP, Account
from dokkupy.host.finding import Finding, blocked, done
from dokkupy.host.part import Part
from dokkupy.host.state import read
from dokkupy.host.wanted import Wanted


class EnginePart(Part):
    """An engine that answers, with a group that may use it."""

    name = "engine"

    def __init__(self, engine: Engine, socket: Path) -> None:
        self._engine = engine
        self._socket = socket

    def look(self) -> Iterator[Finding]:
        """Give whether it answers, and whose its socket is."""
        try:
            version = self._engine.ping()
        except EngineError as error:
            command = error.hint or "apt-get install docker.io"
            yield blocked(self.name, error.message, command)
            return
        yield done(self.name, f"The container engine {version} answers.")
        gid = socket_group(self._socket)
        if gid in (None, 0):
            yield blocked(
                self.name,
                f"{self._socket} is for root alone, not for a group.",
                f"groupadd --system {ENGINE_GROUP}, and start the engine again",
            )
            return
        try:
            grp.getgrgid(gid or 0)
        except KeyError:
            command = f"groupadd --gid {gid} {ENGINE_GROUP}"
            yield blocked(self.name, f"The group {gid} of {self._socket} has no name.", command)


def socket_group(socket: Path) -> int | None:
    """Return the group whose members may use the engine, None when there is no socket."""
    try:
        return socket.stat().st_gid
    except OSError:
        return None


class ContainersPart(Part):
    """What a root has in the engine; deploys make it, only its removal is a host's business."""

    name = "engine"

    def __init__(self, engine: Engine, wanted: Wanted, *, with_data: bool = False) -> None:
        self._engine = engine
        self._wanted = wanted
        self._with_data = with_data
        """Whether `unmake` removes the images, without which no release comes up again."""

    def look(self) -> Iterator[Finding]:
        """Give nothing: whatever is there is right."""
        yield from ()

    def unmake(self) -> Iterator[str]:
        """Remove containers and networks that carry the root's label, and images if wanted."""
        if Account.at(self._wanted.user, self._wanted.root) is None:
            return
        root_id = read(self._wanted.root).root_id
        if not root_id:
            return
        labels = {"dokkupy.root": root_id}
        containers = self._engine.containers(labels)
        if containers:
            yield f"Removing {len(containers)} containers"
        for container in containers:
            self._engine.remove(container.id)
        for network in self._engine.networks(labels):
            yield f"Removing the network {network}"
            self._engine.remove_network(network)
        images = self._engine.images(labels) if self._with_data else []
        if images:
            yield f"Removing {len(images)} images"
        for image in images:
            for reference in image.tags or (image.id,):
                with suppress(Conflict):  # somebody's container still uses it
                    self._engine.remove_image(reference)
