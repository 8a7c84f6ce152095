"""The protocol of a container engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Literal, Protocol

from dokkupy.engine.containers import (
    ContainerFile,
    ContainerInfo,
    ContainerSpec,
    Finished,
    Listener,
    NetworkSpec,
)
from dokkupy.engine.images import ImageBuild, ImageInfo, ImageLayer, RegistryLogin
from dokkupy.executable import Executable


class Engine(Protocol):
    """A container engine on this host.

    Contract: `dokkupy.testing.suites.EngineContract`. Every method may raise `EngineError`;
    a container, image or network that does not exist is `NotFound` (images: `ImageNotFound`),
    a name, an address, a subnet or a thing that somebody else holds is `Conflict`, except where
    said otherwise.
    """

    def warm(self) -> None:
        """Get ready in the background; a failure shows at the request that it would serve."""
        ...

    def ping(self) -> str:
        """Return the engine's version, as proof that it answers."""
        ...

    def ensure_network(self, spec: NetworkSpec) -> None:
        """Create the network unless it exists."""
        ...

    def networks(self, labels: Mapping[str, str]) -> list[str]:
        """Return the names of the networks that carry all of `labels`."""
        ...

    def subnets(self) -> list[str]:
        """Return the CIDR of every network of the engine, whoever made it."""
        ...

    def remove_network(self, name: str) -> None:
        """Remove a network; one that does not exist is fine."""
        ...

    def connect(self, container: str, network: str, aliases: Sequence[str] = ()) -> None:
        """Let a container, running or not, join one more network; one that has is fine.

        `aliases` are the names by which the others there find it.
        """
        ...

    def disconnect(self, container: str, network: str) -> None:
        """Take a container off a network; whatever is missing is fine."""
        ...

    def ensure_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Make an empty volume unless there is one of that name."""
        ...

    def volumes(self, labels: Mapping[str, str]) -> list[str]:
        """Return the names of the volumes that carry all of `labels`."""
        ...

    def remove_volume(self, name: str) -> None:
        """Remove a volume with what is in it, unless a container has it; a missing one is fine."""
        ...

    def build(self, build: ImageBuild, on_line: Callable[[str], None]) -> str:
        """Build an image and return its id, giving each line of output as it happens.

        Raises:
            BuildFailed: a step failed, or its memory limit killed it.
            ImageNotFound: the base image is neither here nor to be had; `.hint` names it.
        """
        ...

    def image(self, reference: str) -> ImageInfo:
        """Look at an image by id or tag."""
        ...

    def images(self, labels: Mapping[str, str]) -> list[ImageInfo]:
        """Return the images that carry all of `labels`."""
        ...

    def pull(self, reference: str, timeout: float) -> None:
        """Fetch an image from its registry within `timeout` seconds."""
        ...

    def push(self, reference: str, on_line: Callable[[str], None], timeout: float) -> str:
        """Send an image to the registry in its name within `timeout` seconds.

        Tell of its progress, and return its digest there.

        Raises:
            Refused: the registry does not let us in.
        """
        ...

    def check_login(self, login: RegistryLogin) -> None:
        """Ask a registry whether it lets somebody in.

        Raises:
            Refused: it does not.
        """
        ...

    def tag(self, image: str, reference: str) -> None:
        """Give an image one more name."""
        ...

    def import_image(self, tar: IO[bytes], reference: str, labels: Mapping[str, str]) -> str:
        """Make an image of a root file system's tar stream and return its id."""
        ...

    def add_layer(self, layer: ImageLayer, tar: IO[bytes]) -> str:
        """Make an image of another one with a seekable archive on its root; return its id."""
        ...

    def own_sizes(self) -> Mapping[str, int]:
        """Return image id -> bytes that no other image shares, for every image of the engine.

        It may take seconds: the engine counts everything that it has.
        """
        ...

    def build_cache(self) -> int:
        """Return how many bytes BuildKit keeps for builds to come; it is one cache for everybody.

        It may take seconds: the engine counts everything that it has.
        """
        ...

    def trim_build_cache(self, limit: int) -> None:
        """Let go of what builds used least recently, until BuildKit keeps `limit` bytes at most."""
        ...

    def remove_image(self, reference: str) -> None:
        """Remove a tag, or an image that no container uses; a missing one is fine."""
        ...

    def create(self, spec: ContainerSpec) -> str:
        """Create a container with restart policy `no`, not started, and return its id."""
        ...

    def put(self, container: str, files: Sequence[ContainerFile]) -> None:
        """Put files, root's own, into a container, running or not."""
        ...

    def archive(self, container: str, path: str, file: IO[bytes]) -> None:
        """Write a folder of a container, running or not, to `file` as a tar archive.

        Its members begin with the folder's own name. A path that is not there is `NotFound`.
        """
        ...

    def start(self, container: str) -> None:
        """Start a created or stopped container."""
        ...

    def stop(self, container: str, timeout: float) -> None:
        """Send SIGTERM, after `timeout` seconds SIGKILL; one that does not run is fine."""
        ...

    def kill(self, container: str, signal: str = "KILL") -> None:
        """Send a signal to the container's first process; one that does not run is fine."""
        ...

    def remove(self, container: str) -> None:
        """Kill and remove a container with its anonymous volumes; a missing one is fine."""
        ...

    def set_restart_policy(self, container: str, policy: Literal["no", "unless-stopped"]) -> None:
        """Change what the engine does when the container ends."""
        ...

    def inspect(self, container: str) -> ContainerInfo:
        """Look at a container."""
        ...

    def containers(self, labels: Mapping[str, str]) -> list[ContainerInfo]:
        """Return the containers, stopped ones too, that carry all of `labels`."""
        ...

    def wait(self, containers: Sequence[str], timeout: float) -> str | None:
        """Return the first of `containers` that is not running, or None after `timeout` seconds.

        One that ended already, or never existed, counts at once.
        """
        ...

    def logs(
        self,
        container: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: float = 0.0,
    ) -> Iterator[bytes]:
        """Yield the output, stdout and stderr as they came, in lines without the newline."""
        ...

    def attach(self, container: str) -> int:
        """Connect this process's stdin, stdout and stderr until the end; return the exit code.

        The container was created with `stdin=True` and is started by this call.
        """
        ...

    def execute(
        self, container: str, command: Sequence[str], *, interactive: bool, tty: bool
    ) -> int:
        """Run a command in a running container on this process's terminal; return its exit code."""
        ...

    def pipe(
        self,
        container: str,
        command: Sequence[str],
        *,
        source: IO[bytes] | None = None,
        sink: Callable[[bytes], object] | None = None,
    ) -> Finished:
        """Run a command in a running container, fed from `source`, its stdout given to `sink`.

        Both are read and written piece by piece, and only as fast as the other end takes it.
        """
        ...

    def interact(
        self,
        container: str,
        source: IO[bytes],
        sink: Callable[[bytes], object],
        on_error: Callable[[bytes], object],
    ) -> int:
        """Start a container, created with `stdin=True`, and stay; return its exit code.

        It is fed from `source`; stdout is given to `sink`, stderr to `on_error`, piece by piece.
        """
        ...

    def listeners(self, container: str) -> list[Listener]:
        """Return the TCP sockets that listen in a container's network; none when it does not run.

        The engine's own resolver is left out.
        """
        ...

    def memory_used(self, container: str) -> int:
        """Return how many bytes a container holds that it cannot give back; 0 unless it runs."""
        ...

    def executable(self, container: str, word: str) -> Executable | None:
        """Return the file that `word` names for the first process of a container.

        It is looked for as that process does: in the working directory or along `PATH`, links
        followed. The container need not run. None: there is no such file.
        """
        ...
