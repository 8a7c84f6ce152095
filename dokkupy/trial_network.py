"""The private network between the tests of an app and the services that they have."""

from __future__ import annotations

import ipaddress
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from dokkupy import network
from dokkupy.engine import NetworkSpec
from dokkupy.errors import Conflict
from dokkupy.scheduler_docker import APP, PURPOSE, ROOT

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform

PREFIX_LENGTH: Final = 27
"""29 addresses: the tests, and the services of `dokkupy.addons.MOST`."""


def labels(platform: Platform, app: AppName) -> dict[str, str]:
    """Return what marks everything in the engine that tests of an app have."""
    return {ROOT: platform.root_id, APP: app, PURPOSE: "test"}


def make(platform: Platform, app: AppName) -> str:
    """Make a network on a subnet that nobody here uses, and return its name.

    Raises:
        EngineError: the engine fails, or every candidate subnet is taken.
    """
    name = f"dokkupy-{platform.root_id}-test-{secrets.token_hex(4)}"

    def on(subnet: str) -> NetworkSpec:
        return NetworkSpec(
            name=name,
            subnet=subnet,
            gateway=str(ipaddress.ip_network(subnet)[1]),
            labels=labels(platform, app),
            isolated=False,
            internal=True,
        )

    network.make(platform.engine, on, PREFIX_LENGTH)
    return name


def remove(platform: Platform, app: AppName) -> None:
    """Remove what tests of an app, also those of dead runners, have left; needs its lock."""
    marked = labels(platform, app)
    for container in platform.engine.containers(marked):
        platform.scheduler.retire(container.id, 0)
    for name in platform.engine.networks(marked):
        with suppress(Conflict):  # somebody else has put a container of theirs on it
            platform.engine.remove_network(name)
