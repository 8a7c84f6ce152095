"""A container engine in memory, held to the same contract as the real one."""

from __future__ import annotations

import hashlib
import ipaddress
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Literal

from dokkupy.engine import (
    ContainerInfo,
    ContainerSpec,
    ImageBuild,
    ImageInfo,
    Listener,
    NetworkSpec,
)
from dokkupy.errors import Conflict, EngineError, ImageNotFound, NotFound
from dokkupy.testing.fake_build import FakeImage, build_image
from dokkupy.testing.fake_container import FakeContainer
from dokkupy.testing.fake_images import FakeImages
from dokkupy.testing.program import Program

BASE = "test/base:latest"
"""An image that every fake engine has."""


class FakeEngine:
    """Images, containers and networks in memory; safe to use from threads.

    A container runs the `Program` of its command line, else the one that `program` set for it,
    else one that runs until it is stopped and answers 200 on `$PORT` when it is given one. On a
    network within 127.0.0.0/8 (`loopback_subnets`) it really listens. Time passes as usual for
    programs, but a container that ignores SIGTERM is killed at once when it is stopped.
    """

    def __init__(self) -> None:
        self._lock = threading.Condition(threading.RLock())
        self._images = FakeImages()
        self._containers: dict[str, FakeContainer] = {}
        self._networks: dict[str, NetworkSpec] = {}
        self._programs: list[tuple[str, str, Program]] = []
        self._numbers = itertools.count(1)
        self.registry: set[str] = set()
        """References that `pull` finds."""
        self.builds: list[ImageBuild] = []
        """What it was asked to build."""
        self.down = False
        """True: it does not answer."""
        self.add_image(BASE)

    # What a test says of the world.

    def add_image(
        self,
        reference: str,
        *,
        command: Sequence[str] = (),
        labels: Mapping[str, str] | None = None,
        exposed_ports: Sequence[int] = (),
        entrypoint: Sequence[str] = (),
    ) -> str:
        """Have an image under a name, and return its id."""
        content = [reference, list(command), dict(labels or {}), list(exposed_ports)]
        image = FakeImage.named_by(
            content,
            command=tuple(command),
            entrypoint=tuple(entrypoint),
            labels=dict(labels or {}),
            exposed_ports=set(exposed_ports),
        )
        with self._lock:
            return self._images.add(image, reference)

    def program(self, program: Program, *, image: str = "", matching: str = "") -> None:
        """Say what containers do whose command line contains `matching`; the last word counts.

        `image` restricts it to those of one image, given by id or name.
        """
        with self._lock:
            identity = self._images.find(image).id if image else ""
            self._programs.append((identity, matching, program))

    def crash(self, container: str, code: int = 1) -> None:
        """Let a container's process end by itself."""
        with self._lock:
            self._find(container).end(code)

    def restart(self) -> None:
        """Stop everything and start again what its restart policy names, as after a reboot."""
        with self._lock:
            for container in self._containers.values():
                policy = container.info.restart_policy
                was_running = container.running
                if was_running:
                    container.end(137, by_hand=True)
                if was_running and policy == "unless-stopped":
                    container.start()

    def close(self) -> None:
        """Stop all containers and what listens for them."""
        with self._lock:
            for container in self._containers.values():
                container.discard()
            self._containers.clear()

    # The protocol.

    def warm(self) -> None:
        """Do nothing: there is nothing to get ready."""

    def ping(self) -> str:
        self._answer()
        return "0-fake"

    def ensure_network(self, spec: NetworkSpec) -> None:
        with self._answer():
            there = self._networks.get(spec.name)
            if there is not None and there.subnet != spec.subnet:
                raise _conflict(f"The network {spec.name} exists with {there.subnet}.")
            wanted = ipaddress.ip_network(spec.subnet)
            for other in self._networks.values():
                if other.name != spec.name and wanted.overlaps(ipaddress.ip_network(other.subnet)):
                    raise _conflict(f"{spec.subnet} overlaps with the network {other.name}.")
            self._networks[spec.name] = spec

    def networks(self, labels: Mapping[str, str]) -> list[str]:
        with self._answer():
            return [
                spec.name
                for spec in self._networks.values()
                if labels.items() <= spec.labels.items()
            ]

    def subnets(self) -> list[str]:
        with self._answer():
            return [spec.subnet for spec in self._networks.values()]

    def remove_network(self, name: str) -> None:
        with self._answer():
            users = (c for c in self._containers.values() if c.spec.network == name)
            if any(container.running for container in users):
                raise _conflict(f"The network {name} has active endpoints.")
            self._networks.pop(name, None)

    def build(self, build: ImageBuild, on_line: Callable[[str], None]) -> str:
        with self._answer():
            self.builds.append(build)
        image = build_image(build, on_line, self._images.find)
        with self._answer():
            return self._images.add(image)

    def image(self, reference: str) -> ImageInfo:
        with self._answer():
            return self._images.info(reference)

    def images(self, labels: Mapping[str, str]) -> list[ImageInfo]:
        with self._answer():
            return self._images.labelled(labels)

    def pull(self, reference: str, timeout: float) -> None:  # noqa: ARG002 - it takes no time
        with self._answer():
            if reference not in self.registry:
                raise ImageNotFound(
                    f"The image {reference} cannot be pulled.",
                    hint=f"See why: docker pull {reference}",
                )
            self.add_image(reference)

    def tag(self, image: str, reference: str) -> None:
        with self._answer():
            self._images.tag(image, reference)

    def import_image(self, tar: IO[bytes], reference: str, labels: Mapping[str, str]) -> str:
        with self._answer():
            return self._images.import_tar(tar, reference, labels)

    def own_sizes(self) -> Mapping[str, int]:
        with self._answer():
            return self._images.own_sizes()

    def remove_image(self, reference: str) -> None:
        with self._answer():
            self._images.remove(reference, {c.info.image for c in self._containers.values()})

    def create(self, spec: ContainerSpec) -> str:
        with self._answer():
            image = self._images.find(spec.image)
            if any(c.spec.name == spec.name for c in self._containers.values()):
                raise _conflict(f"The container name {spec.name} is already in use.")
            digest = hashlib.sha256(f"{id(self)} {next(self._numbers)}".encode()).hexdigest()
            container = FakeContainer(
                digest,
                spec,
                image.id,
                self._program_of(spec, image),
                lock=self._lock,
                ended=self._on_end,
            )
            self._containers[digest] = container
            return digest

    def start(self, container: str) -> None:
        with self._answer():
            found = self._find(container)
            if found.running:
                return
            self._connect(found)
            found.start()

    def stop(self, container: str, timeout: float) -> None:  # noqa: ARG002 - it takes no time
        with self._answer():
            found = self._find(container)
            if found.running or found.info.state == "restarting":
                found.end(137 if found.program.stubborn else 143, by_hand=True)

    def kill(self, container: str, signal: str = "KILL") -> None:
        with self._answer():
            found = self._find(container)
            killed = signal.removeprefix("SIG") == "KILL"
            asked = signal.removeprefix("SIG") == "TERM" and not found.program.stubborn
            if found.running and (killed or asked):
                found.end(137 if killed else 143, by_hand=True)

    def remove(self, container: str) -> None:
        with self._answer():
            try:
                found = self._find(container)
            except NotFound:
                return
            found.discard()
            del self._containers[found.info.id]
            self._lock.notify_all()

    def set_restart_policy(self, container: str, policy: Literal["no", "unless-stopped"]) -> None:
        with self._answer():
            self._find(container).set_restart_policy(policy)

    def inspect(self, container: str) -> ContainerInfo:
        with self._answer():
            return self._find(container).info

    def containers(self, labels: Mapping[str, str]) -> list[ContainerInfo]:
        with self._answer():
            infos = [container.info for container in self._containers.values()]
            return [info for info in infos if labels.items() <= info.labels.items()]

    def wait(self, containers: Sequence[str], timeout: float) -> str | None:
        def ended() -> str | None:
            return next((one for one in containers if not self._runs(one)), None)

        with self._answer():
            return self._lock.wait_for(ended, timeout)

    def logs(
        self,
        container: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: float = 0.0,
    ) -> Iterator[bytes]:
        with self._answer():
            found = self._find(container)
            shown = len(found.output)
            lines = [line for at, _, line in found.output if at >= since]
        yield from lines if tail is None else lines[len(lines) - min(tail, len(lines)) :]
        while follow:
            with self._lock:
                fresh, follow = found.more_output(shown)
            shown += len(fresh)
            yield from fresh

    def attach(self, container: str) -> int:
        with self._answer():
            found = self._find(container)
            self.start(container)
        if found.program.echo:
            _write([(1, typed) for typed in iter(lambda: os.read(0, 65536), b"")], end=b"")
            with self._lock:
                found.end(found.program.exits or 0)
        self.wait([container], timeout=threading.TIMEOUT_MAX)
        _write([(output, line) for _, output, line in found.output], end=b"\n")
        return found.info.exit_code

    def execute(
        self,
        container: str,
        command: Sequence[str],
        *,
        interactive: bool,
        tty: bool,  # noqa: ARG002 - it has no terminals
    ) -> int:
        with self._answer():
            found = self._find(container)
            if not found.running:
                raise _conflict(f"The container {found.spec.name} is not running.")
            program = Program.decode(command) or self._told(found.info.image, command)
        program = program or Program(exits=0)
        said: list[tuple[Literal[1, 2], bytes]] = [(1, line.encode()) for line in program.line]
        _write([*said, *((2, line.encode()) for line in program.error)], end=b"\n")
        if program.echo and interactive:
            _write([(1, typed) for typed in iter(lambda: os.read(0, 65536), b"")], end=b"")
        time.sleep(program.after)
        return program.exits or 0

    def listeners(self, container: str) -> list[Listener]:
        with self._answer():
            return self._find(container).listeners

    # Its insides.

    def _answer(self) -> threading.Condition:
        """Return the lock of everything, unless the engine is down."""
        if self.down:
            raise EngineError(
                "The container engine does not answer (it is a fake, and down).",
                hint="Start it: systemctl start docker (or: dockerd)",
            )
        return self._lock

    def _find(self, container: str) -> FakeContainer:
        for identity, found in self._containers.items():
            if found.spec.name == container or (
                len(container) >= 12 and identity.startswith(container)
            ):
                return found
        raise NotFound(f"No such container: {container}.", hint="See what there is: docker ps")

    def _runs(self, container: str) -> bool:
        try:
            return self._find(container).running
        except NotFound:
            return False

    def _program_of(self, spec: ContainerSpec, image: FakeImage) -> Program:
        command = (*image.entrypoint, *(spec.command or image.command))
        found = Program.decode(command) or self._told(image.id, command)
        return found or Program(listen="0.0.0.0" if "PORT" in spec.env else "")  # noqa: S104

    def _told(self, image: str, command: Sequence[str]) -> Program | None:
        line = " ".join(command)
        for identity, matching, program in reversed(self._programs):
            if identity in ("", image) and matching in line:
                return program
        return None

    def _connect(self, container: FakeContainer) -> None:
        """Give a starting container its address, or refuse as a real network does."""
        spec = container.spec
        if not spec.network:
            return
        network = self._networks.get(spec.network)
        if network is None:
            raise NotFound(f"network {spec.network} not found.", hint="See: docker network ls")
        held = {network.gateway} | {
            other.info.address
            for other in self._containers.values()
            if other is not container and other.running and other.spec.network == spec.network
        }
        if spec.address in held:
            raise _conflict(f"The address {spec.address} is already in use.")
        if not spec.address:
            hosts = (str(host) for host in ipaddress.ip_network(network.subnet).hosts())
            container.take_address(next(host for host in hosts if host not in held))

    def _on_end(self, container: FakeContainer) -> None:
        if container.spec.auto_remove:
            container.discard()
            self._containers.pop(container.info.id, None)


def _conflict(message: str) -> Conflict:
    return Conflict(message, hint="See who holds it: docker ps --all; docker network ls")


def _write(lines: Sequence[tuple[Literal[1, 2], bytes]], *, end: bytes) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    for output, line in lines:
        os.write(output, line + end)
