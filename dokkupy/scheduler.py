"""The protocol of a scheduler: what places the containers of a release.

It fits one engine as well as an orchestrator over several hosts: staging may return before the
container runs, an endpoint is any host and port, and `status` is asked until it is known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from dokkupy.engine import Listener
from dokkupy.executable import Executable
from dokkupy.names import AppName
from dokkupy.types import Endpoint, Environment, ProcessType, Release, Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One container that shall run."""

    instance: int
    """The id of its row in the store; it is marked with it, so that no container is nobody's."""
    release: Release
    process: ProcessType
    ordinal: int
    scale: Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What the scheduler made of a placement; it goes into the store at once."""

    reference: str
    endpoint: Endpoint | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStatus:
    """How a placed container does."""

    state: Literal["pending", "running", "ended", "gone"]
    endpoint: Endpoint | None = None
    exit_code: int = 0
    oom_killed: bool = False
    started_at: float = 0.0
    restarts: bool = False
    """Whether it is started again when it ends."""
    memory: int = 0
    """Bytes that it may take; 0 is no limit, here and below."""
    cpus: float = 0.0
    pids: int = 0
    restart_count: int = 0
    """How often it was started again because it had ended."""
    listeners: Sequence[Listener] = field(default=())
    memory_used: int = 0
    """Bytes; 0 when nobody knows, here and below."""
    programs: Sequence[Executable] = field(default=())
    """Of one that failed: the program of its command, and the interpreter that this names."""
    architecture: str = ""
    """Of one that failed: the processor that its image is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOff:
    """A command run beside the app, in the image and environment of a release."""

    release: Release
    command: tuple[str, ...]
    env: Environment
    scale: Scale
    purpose: Literal["run", "release", "test"]
    tty: bool = False
    actor: str = ""
    """Who runs it."""
    ttl: float = 0.0
    """Seconds after which a detached one has to end; 0 for one that its caller waits for."""
    networks: tuple[str, ...] = ()
    """Networks that it joins beside those that the app's containers are on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedOneOff:
    """A command that a person runs beside an app."""

    app: AppName
    name: str
    """The name people use: `run.12`; no other one-off of the app has it at the same time."""
    reference: str
    command: str
    """As a shell would read it."""
    actor: str
    release: int
    state: Literal["pending", "running", "ended", "gone"]
    exit_code: int
    started_at: float
    """Seconds since the epoch (UTC); 0.0 when it has not started."""
    until: float
    """When it has to end, seconds since the epoch (UTC); 0.0 when its caller waits for it."""


class Scheduler(Protocol):
    """Places, watches and removes containers.

    Contract: `dokkupy.testing.suites.SchedulerContract`.
    """

    name: str

    def stage(self, placement: Placement) -> Placed:
        """Start one container beside whatever runs, with restart policy `no`."""
        ...

    def status(self, reference: str, *, look_inside: bool = False) -> PlacedStatus:
        """Say how a container does.

        `look_inside` adds what one that runs listens on and what memory it has taken, and what
        is known of the program of one that failed.
        """
        ...

    def wait_ended(self, references: Sequence[str], timeout: float) -> str | None:
        """Return the first that is not running any more, or None after `timeout` seconds."""
        ...

    def promote(self, reference: str) -> None:
        """Let the container be restarted when it ends and after a reboot; a missing one is fine."""
        ...

    def resume(self, reference: str) -> bool:
        """Start a promoted container that is not running, at the same endpoint.

        Return False when it is gone and must be placed anew.
        """
        ...

    def pause(self, reference: str, grace: float) -> None:
        """Stop a container so that `resume` can start it again; a missing one is fine."""
        ...

    def retire(self, reference: str, grace: float) -> None:
        """Ask the container to end, after `grace` seconds make it, and remove it."""
        ...

    def logs(
        self,
        reference: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: float = 0.0,
    ) -> Iterator[bytes]:
        """Yield the container's output in lines without the newline.

        `since` is in seconds since the epoch (UTC); it is looked at before `tail`.
        """
        ...

    def run(self, one_off: OneOff) -> Iterator[bytes]:
        """Run a command to its end, yielding its output.

        Raises:
            DeployFailed: it ended with another exit code than 0; the message has the code.
        """
        ...

    def attach(self, one_off: OneOff) -> int:
        """Run a command on this process's terminal or pipes; return its exit code."""
        ...

    def detach(self, one_off: OneOff) -> PlacedOneOff:
        """Start a command that nobody waits for; what it prints is kept until it is retired."""
        ...

    def one_offs(self, app: AppName | None = None) -> list[PlacedOneOff]:
        """Return what people run beside one app, or beside all, the ended ones too."""
        ...

    def enter(self, reference: str, command: Sequence[str], *, tty: bool) -> int:
        """Run a command inside a running container on this process's terminal."""
        ...

    def orphans(self, app: AppName, known: Collection[str]) -> list[str]:
        """Return references of the app's containers that are not among `known`.

        One-off containers that a person runs are nobody's orphans.
        """
        ...

    def destroy(self, app: AppName) -> None:
        """Remove every container and image of an app."""
        ...
