"""The values that an engine takes and gives about containers and their networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

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
class Listener:
    """A TCP socket that a container listens on, seen from inside it."""

    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command in a container ended."""

    code: int
    error: str
    """The end of what it wrote to stderr."""
