"""Which hosts lead where, and with which certificate."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from dokkupy.names import AppName, HostName
from dokkupy.types.instance import Endpoint

if TYPE_CHECKING:
    from dokkupy.types.site import Site


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
    site: Site | None = None
    """With one its files answer, and endpoints are not asked."""
