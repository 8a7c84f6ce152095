"""One placed container and where it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dokkupy.names import AppName, ProcessName


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
