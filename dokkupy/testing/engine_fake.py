"""A container engine in memory, held to the same contract as the real one."""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Literal

from dokkupy.engine import (
    ContainerInfo,
    ContainerSpec,
    Finished,
    ImageBuild,
    ImageInfo,
    ImageLayer,
    Listener,
)
from dokkupy.errors import NotFound
from dokkupy.executable import Executable
from dokkupy.testing.fake_build import FakeImage, build_image
from dokkupy.testing.fake_container import FakeContainer
from dokkupy.testing.fake_registries import FakeRegistries
from dokkupy.testing.fake_wiring import conflict
from dokkupy.testing.program import Program

MIB = 1024 * 1024
BASE = "test/base:latest"
"""An image that every fake engine has."""


class FakeEngine(FakeRegistries):
    """Images, containers and networks in memory; safe to use from threads.

    A container runs the `Program` of its command line, else the one that `program` set for it,
    else one that runs until it is stopped and answers 200 on `$PORT` when it is given one. On a
    network within 127.0.0.0/8 (`loopback_subnets`) it really listens. Time passes as usual for
    programs, but a container that ignores SIGTERM is killed at once when it is stopped.
    """

    def __init__(self) -> None:
        super().__init__()
        self._programs: list[tuple[str, str, Program]] = []
        self._numbers = itertools.count(1)
        self.builds: list[ImageBuild] = []
        """What it was asked to build."""
        self.build_cache_bytes = 0
        """What it keeps for builds to come."""
        self.executables: dict[str, Executable] = {}
        """The files of every container, by the word for which they are found."""
        self.memory: dict[str, int] = {}
        """Name of a container -> bytes that it holds when that is not one MiB."""
        self.add_image(BASE)

    def files_of(self, image: str) -> dict[str, bytes]:
        """Return path -> content of what was copied into an image."""
        with self._lock:
            return dict(self._images.find(image).files)

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

    def tag(self, image: str, reference: str) -> None:
        with self._answer():
            self._images.tag(image, reference)

    def import_image(self, tar: IO[bytes], reference: str, labels: Mapping[str, str]) -> str:
        with self._answer():
            return self._images.import_tar(tar, reference, labels)

    def add_layer(self, layer: ImageLayer, tar: IO[bytes]) -> str:
        content = tar.read()
        with self._answer():
            return self._images.add_layer(layer, content)

    def own_sizes(self) -> Mapping[str, int]:
        with self._answer():
            return self._images.own_sizes()

    def build_cache(self) -> int:
        with self._answer():
            return self.build_cache_bytes

    def trim_build_cache(self, limit: int) -> None:
        with self._answer():
            self.build_cache_bytes = min(self.build_cache_bytes, limit)

    def remove_image(self, reference: str) -> None:
        with self._answer():
            self._images.remove(reference, {c.info.image for c in self._containers.values()})

    def create(self, spec: ContainerSpec) -> str:
        with self._answer():
            image = self._images.find(spec.image)
            if any(c.spec.name == spec.name for c in self._containers.values()):
                raise conflict(f"The container name {spec.name} is already in use.")
            digest = hashlib.sha256(f"{id(self)} {next(self._numbers)}".encode()).hexdigest()
            container = FakeContainer(
                digest,
                spec,
                image.id,
                self._program_of(spec, image),
                command=_command(spec, image),
                lock=self._lock,
                ended=self._on_end,
            )
            container.files.update(image.files)
            self._wire(container)
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
                raise conflict(f"The container {found.spec.name} is not running.")
            program = Program.decode(command) or self._told(found.info.image, command)
        program = program or Program(exits=0)
        said: list[tuple[Literal[1, 2], bytes]] = [(1, line.encode()) for line in program.line]
        _write([*said, *((2, line.encode()) for line in program.error)], end=b"\n")
        if program.echo and interactive:
            _write([(1, typed) for typed in iter(lambda: os.read(0, 65536), b"")], end=b"")
        time.sleep(program.after)
        return program.exits or 0

    def pipe(
        self,
        container: str,
        command: Sequence[str],
        *,
        source: IO[bytes] | None = None,
        sink: Callable[[bytes], object] | None = None,
    ) -> Finished:
        give: Callable[[bytes], object] = sink or (lambda _: None)
        with self._answer():
            found = self._find(container)
            if not found.running:
                raise conflict(f"The container {found.spec.name} is not running.")
            program = Program.decode(command) or self._told(found.info.image, command)
        fed = iter(lambda: source.read(65536) if source else b"", b"")
        if program is None and command[0] in ("cat", "tee"):
            return self._read_or_write(found, command, fed, give)
        program = program or Program(exits=0)
        for line in program.line:
            give(line.encode() + b"\n")
        for piece in fed if program.echo else ():
            give(piece)
        return Finished(code=program.exits or 0, error="\n".join(program.error))

    def interact(
        self,
        container: str,
        source: IO[bytes],
        sink: Callable[[bytes], object],
        on_error: Callable[[bytes], object],
    ) -> int:
        fed = source.read()
        with self._answer():
            found = self._find(container)
        self.start(container)
        for line in found.program.line:
            sink(line.encode() + b"\n")
        for line in found.program.error:
            on_error(line.encode() + b"\n")
        if found.program.echo:
            sink(fed)
            with self._answer():
                found.end(found.program.exits or 0)
        self.wait([container], math.inf)
        return self.inspect(container).exit_code

    def listeners(self, container: str) -> list[Listener]:
        with self._answer():
            return self._find(container).listeners

    def memory_used(self, container: str) -> int:
        with self._answer():
            found = self._find(container)
            return self.memory.get(found.spec.name, MIB) if found.running else 0

    def executable(self, container: str, word: str) -> Executable | None:
        with self._answer():
            self._find(container)
            return self.executables.get(word)

    # Its insides.

    def _runs(self, container: str) -> bool:
        try:
            return self._find(container).running
        except NotFound:
            return False

    def _program_of(self, spec: ContainerSpec, image: FakeImage) -> Program:
        command = _command(spec, image)
        found = Program.decode(command) or self._told(image.id, command)
        return found or Program(listen="0.0.0.0" if "PORT" in spec.env else "")  # noqa: S104

    def _told(self, image: str, command: Sequence[str]) -> Program | None:
        line = " ".join(command)
        for identity, matching, program in reversed(self._programs):
            if identity in ("", image) and matching in line:
                return program
        return None

    def _on_end(self, container: FakeContainer) -> None:
        if container.spec.auto_remove:
            container.discard()
            self._containers.pop(container.info.id, None)


def _command(spec: ContainerSpec, image: FakeImage) -> tuple[str, ...]:
    return (*(spec.entrypoint or image.entrypoint), *(spec.command or image.command))


def _write(lines: Sequence[tuple[Literal[1, 2], bytes]], *, end: bytes) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    for output, line in lines:
        os.write(output, line + end)
