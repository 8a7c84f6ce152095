"""The process types of an app: what runs, how it proves itself, how often it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dokkupy.names import ProcessName

if TYPE_CHECKING:
    from dokkupy.types.site import SiteSettings


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
    site: SiteSettings | None = None
    """With them nothing runs: the files of the image are served as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many containers of a process run, and the limits of each."""

    quantity: int
    memory: int = 512 * 1024 * 1024
    """Bytes."""
    cpus: float = 0.0
    """CPU cores; 0 is no limit."""
    pids: int = 1024
