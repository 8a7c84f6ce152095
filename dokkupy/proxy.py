"""The protocol of a proxy: what turns routes into served traffic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dokkupy.types import Endpoint, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyStatus:
    """What `dokkupy up` and `doctor` need to know of a proxy."""

    running: bool
    generation: int
    """Counts applied configurations; 0 when none was."""
    http_port: int
    https_port: int
    detail: str = ""


class Proxy(Protocol):
    """Serves routes on the public ports.

    Contract: `dokkupy.testing.suites.ProxyContract`.
    """

    name: str

    def apply(self, routes: Sequence[Route], *, changed: str = "") -> int:
        """Serve exactly `routes`, starting the proxy when it does not run; return the generation.

        All of it or nothing: it renders every route, validates, swaps, reloads, and returns
        once no request can meet the configuration of before. `changed` names the app whose
        change this is; a part of any other app that is refused falls back to what served it.

        Raises:
            ProxyRefused: the configuration is not served; what served before still is.
        """
        ...

    def connections(self, endpoints: Sequence[Endpoint]) -> int:
        """Count the established connections from the proxy to `endpoints`."""
        ...

    def status(self) -> ProxyStatus:
        """Look at the running proxy."""
        ...

    def stop(self) -> None:
        """Stop serving; does nothing when it does not run."""
        ...


class NoProxy:
    """Stands where no proxy plugin is installed: apps run, and nobody reaches them by name."""

    name = "none"

    def apply(self, routes: Sequence[Route], *, changed: str = "") -> int:  # noqa: ARG002
        """Serve nothing."""
        return 0

    def connections(self, endpoints: Sequence[Endpoint]) -> int:  # noqa: ARG002
        """Count no connections."""
        return 0

    def status(self) -> ProxyStatus:
        """Say that nothing runs, and what to install."""
        return ProxyStatus(
            running=False,
            generation=0,
            http_port=0,
            https_port=0,
            detail="No proxy plugin is installed: pip install dokkupy-plugin-core-nginx",
        )

    def stop(self) -> None:
        """Stop nothing."""
