"""The frozen values that hooks, operations and providers exchange."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

from dokkupy.names import AppName, HostName, ProcessName

Phase = Literal["build", "run"]
"""When an environment is for: `build` while the image is made, `run` for release tasks and apps."""


class Environment(dict[str, str]):
    """Environment variables; their values never show in a repr, a log or a traceback."""

    def __repr__(self) -> str:
        return f"Environment({', '.join(f'{key}=****' for key in self)})"

    __str__ = __repr__


class Rank(IntEnum):
    """Which layer of the environment wins: the higher one."""

    DEFAULT = 0
    PLATFORM = 10
    SERVICE = 20
    GLOBAL = 30
    APP = 40
    BUILD = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvLayer:
    """Some variables from one origin (`config`, a plugin's or a service's name) at one rank."""

    rank: Rank
    origin: str
    values: Environment
    public: bool = False
    """True when the values are declared no secret: they may show in the history of an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One revision's tree, exported for a build; `path` is removed after the build."""

    app: AppName
    path: Path
    revision: str
    """Full commit id, or a digest of an archive."""
    origin: str
    """Where it came from, as a person would say it: `push of main`, `archive app.tar.gz`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What a builder made of a source."""

    app: AppName
    builder: str
    image: str
    """The engine's image id (`sha256:…`)."""
    processes: Mapping[str, str] = field(default_factory=dict)
    """Process types that the builder itself knows of (process -> command line); a Procfile wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How a new container proves that it can take traffic.

    Without a path, a process with a port passes when it answers HTTP with any status on its
    port, and one without a port when it still runs after `settle` seconds.
    """

    path: str = ""
    timeout: float = 5.0
    """Seconds that one request may take."""
    deadline: float = 60.0
    """Seconds from the container's start until it must have passed."""
    settle: float = 2.0
    """Seconds that a process without a port must stay alive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessType:
    """One line of the Procfile, or the image's own command when `command` is empty."""

    name: ProcessName
    command: tuple[str, ...] = ()
    port: int | None = None
    """The port it must listen on; None for a process that nothing connects to."""
    check: Check = Check()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many containers of a process run, and the limits of each."""

    quantity: int
    memory: int = 512 * 1024 * 1024
    """Bytes."""
    cpus: float = 0.0
    """CPU cores; 0 is no limit."""
    pids: int = 1024


class ReleaseState(StrEnum):
    """Where a release is in its life."""

    PENDING = "pending"
    LIVE = "live"
    FAILED = "failed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A numbered, immutable row of the ledger: image, compiled environment, process types."""

    app: AppName
    number: int
    image: str
    """The engine's image id; tagged `…/APP:release-N` so that pruning cannot take it."""
    revision: str
    builder: str
    processes: tuple[ProcessType, ...]
    env: Environment
    """The compiled environment of the run phase."""
    config: Environment
    """The app's own config at that time, which a rollback brings back."""
    description: str
    """Why it was made: `push of main`, `config set KEY`, `rollback to 3`."""
    actor: str
    created_at: float
    """Seconds since the epoch (UTC)."""
    release_task: tuple[str, ...] = ()
    """The Procfile's `release:` command, run once in the new image before any switch."""
    state: ReleaseState = ReleaseState.PENDING
    error: str = ""
    image_gone: bool = False
    """True when housekeeping has removed the image, so that it cannot be rolled back to."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Endpoint:
    """Where one container of a process answers, as seen from the proxy."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class InstanceState(StrEnum):
    """Where one container is in a rollout."""

    STAGED = "staged"
    LIVE = "live"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One container of one process of one release, as a scheduler placed it.

    `reference` is the scheduler's own name for it (a container id, a task id).
    """

    id: int
    app: AppName
    release: int
    process: ProcessName
    ordinal: int
    """Counts from 1 within the process: `web.1`."""
    reference: str
    endpoint: Endpoint | None
    state: InstanceState

    @property
    def name(self) -> str:
        """The name people use: `web.1`."""
        return f"{self.process}.{self.ordinal}"


class RouteState(StrEnum):
    """What visitors of a route get."""

    SERVING = "serving"
    NEVER_DEPLOYED = "never-deployed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate with its private key, as files below the root that the proxy reads itself."""

    chain: Path
    """PEM: the certificate of the hosts first, then those that vouch for it."""
    key: Path
    """PEM without a passphrase, readable by the owner alone."""
    names: tuple[str, ...]
    """Host names that it is valid for, `*.` allowed in front."""

    def covers(self, host: HostName) -> bool:
        """Say whether it is valid for a host; a wildcard stands for one label (RFC 6125, 6.4.3)."""
        return host in self.names or f"*.{host.partition('.')[2]}" in self.names


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Hosts of one app -> the endpoints that answer for them."""

    app: AppName
    hosts: tuple[HostName, ...]
    state: RouteState
    endpoints: tuple[Endpoint, ...] = ()
    backups: tuple[Endpoint, ...] = ()
    """The generation before, asked only when no endpoint answers; there during probation."""
    certificate: Certificate | None = None
    """With one the hosts are served over https too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a deploy failed: which process, what is wrong, how to mend it, what the log said."""

    process: str
    """`web.1`, or empty when it is nobody's in particular."""
    cause: str
    fix: str = ""
    log: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, written together with the change it tells of."""

    id: int
    at: float
    """Seconds since the epoch (UTC)."""
    actor: str
    verb: str
    """`app.created`, `release.live`, `config.set` …"""
    app: str
    """Empty when it concerns no single app."""
    data: Mapping[str, object]
    """Never holds a secret: keys and numbers, not values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A setting that a plugin declares once; set, report, clone and destroy follow from it."""

    name: str
    type: type
    """`str`, `int`, `float`, `bool`, or a class with a `parse` classmethod, shown as text."""
    help: str
    default: str | int | float | bool | None = None
    scopes: Literal["app", "global", "both"] = "both"
    choices: tuple[str, ...] = ()
    pattern: str = ""
    """A regular expression that the whole text must match, empty for any."""
    takes_effect: Literal["now", "next deploy"] = "next deploy"
    """`now`: the routes are applied again when it changes."""
    cloned: bool = True
    """Whether `apps clone` carries it over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyGroup:
    """The settings of one plugin under the noun that its operations use (`nginx`)."""

    noun: str
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of progress or output that a long operation gives while it works."""

    text: str
    stream: Literal["progress", "output", "warning"] = "output"


T = TypeVar("T")

Stream: TypeAlias = Generator[Line, None, T]
"""What a long operation returns: lines while it works, its result at the end."""

Feed: TypeAlias = Generator[T | Line, None, None]
"""What an operation returns that gives its results one by one as they come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitStatus:
    """What a command on the caller's terminal ended with; the command line ends with it too."""

    code: int
