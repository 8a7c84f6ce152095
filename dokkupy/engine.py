"""The protocol of a container engine, and the values it takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Literal, Protocol

from dokkupy.executable import Executable
from dokkupy.types import Environment, Mount


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSpec:
    """One bridge network with addresses of our choosing."""

    name: str
    subnet: str
    """CIDR; the gateway is its first address."""
    gateway: str
    labels: Mapping[str, str]
    isolated: bool = True
    """True: containers on it reach the world and are reached by the host, not by each other."""
    internal: bool = False
    """True: no way leads from it into the world."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPort:
    """A port of a container that the host answers on too."""

    port: int
    """Of the container, TCP."""
    host_address: str
    host_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerFile:
    """A small file to put into a container."""

    path: str
    """Absolute; the folder above it must exist."""
    content: bytes = field(repr=False)
    mode: int = 0o444


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command in a container ended."""

    code: int
    error: str
    """The end of what it wrote to stderr."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """A container to create; security options are the engine's duty, not the caller's.

    Every container is made with no new privileges, without NET_RAW, with a bounded log, and
    never with the engine's socket.
    """

    name: str
    image: str
    command: tuple[str, ...] = ()
    """Empty: the image's own."""
    entrypoint: tuple[str, ...] = ()
    """Empty: the image's own."""
    user: str = ""
    """Empty: the image's own."""
    env: Environment = field(default_factory=Environment)
    labels: Mapping[str, str] = field(default_factory=dict)
    network: str = ""
    """Name of the network; empty for none at all."""
    address: str = ""
    """Its address on the network; empty lets the engine choose."""
    more_networks: tuple[str, ...] = ()
    """Networks that it joins beside the first, with addresses of the engine's choice."""
    mounts: tuple[Mount, ...] = ()
    ports: tuple[PublishedPort, ...] = ()
    memory: int = 0
    """Bytes; 0 is no limit."""
    cpus: float = 0.0
    pids: int = 0
    cpu_shares: int = 0
    """Weight against other containers, which have 1024; 0 is the same as they."""
    stdin: bool = False
    tty: bool = False
    auto_remove: bool = False
    logged: bool = True
    """False: what it says is kept nowhere, whoever is there hears it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerInfo:
    """What the engine says of a container."""

    id: str
    name: str
    image: str
    """Image id."""
    labels: Mapping[str, str]
    state: Literal["created", "running", "paused", "restarting", "exited", "dead", "removing"]
    exit_code: int
    oom_killed: bool
    address: str
    """On its first network; empty when it has none."""
    pid: int
    started_at: float
    """Seconds since the epoch (UTC); 0.0 when it never started."""
    restart_policy: Literal["no", "unless-stopped"]
    memory: int
    cpus: float
    pids: int
    networks: tuple[str, ...] = ()
    """Names, sorted."""
    command: tuple[str, ...] = ()
    """What it runs, the image's own words included."""
    restart_count: int = 0
    """How often the engine has started it again since somebody started it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """What the engine says of an image."""

    id: str
    tags: tuple[str, ...]
    labels: Mapping[str, str]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    exposed_ports: tuple[int, ...]
    """TCP ports, ascending."""
    env_keys: tuple[str, ...]
    architecture: str
    size: int
    """Bytes."""
    created_at: float = 0.0
    """Seconds since the epoch (UTC); 0.0 when nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A TCP socket that a container listens on, seen from inside it."""

    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLayer:
    """What to put on top of an image."""

    image: str
    """Id or name of the image below, whose config holds where nothing is said here."""
    labels: Mapping[str, str]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


STAGE: Final = "dokkupy.stage"
"""Label of the images that the earlier stages of a build leave, as a cache for the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBuild:
    """A Dockerfile build."""

    context: Path
    """A directory; its `.dockerignore` is honoured."""
    dockerfile: str
    """Path relative to the context."""
    args: Mapping[str, str]
    """Build arguments; they show in the image's history, so nothing secret."""
    labels: Mapping[str, str]
    memory: int
    """Bytes; enforced unless `secrets` or `buildkit` ask for BuildKit, which has no cap."""
    cpu_shares: int
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Name -> value, for `RUN --mount=type=secret,id=NAME`; not empty means BuildKit."""
    buildkit: bool = False
    """True when the Dockerfile uses what only BuildKit knows (`RUN --mount`, heredocs …)."""
    no_cache: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLogin:
    """Who we are to a registry of images."""

    host: str
    """As the names of its images begin: `HOST` or `HOST:PORT`."""
    user: str
    secret: str = field(repr=False)


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
