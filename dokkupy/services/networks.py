"""The network of a link: one service and the containers of one app, nobody else."""

from __future__ import annotations

import ipaddress
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from dokkupy import network
from dokkupy.engine import NetworkSpec
from dokkupy.errors import Conflict
from dokkupy.names import AppName
from dokkupy.services import links
from dokkupy.services import service as services
from dokkupy.services.links import Alias, Link
from dokkupy.services.service import Service

if TYPE_CHECKING:
    from dokkupy.platform import Platform

PREFIX_LENGTH: Final = 24
"""253 containers of one app that talk to one service."""
LABEL: Final = "dokkupy.link"


def fresh(platform: Platform, service: Service, app: AppName, alias: Alias) -> Link:
    """Return a link over a new network on a subnet that nobody here uses.

    Raises:
        EngineError: the engine fails, or every candidate subnet is taken.
    """
    name = f"dokkupy-{platform.root_id}-link-{secrets.token_hex(4)}"

    def on(subnet: str) -> Link:
        return Link(app=app, service=service.key, alias=alias, network=name, subnet=subnet)

    made = network.make(platform.engine, lambda subnet: _spec(platform, on(subnet)), PREFIX_LENGTH)
    return on(made.subnet)


def ensure(platform: Platform, link: Link) -> None:
    """Make the network of a link unless it is there."""
    platform.engine.ensure_network(_spec(platform, link))


def _spec(platform: Platform, link: Link) -> NetworkSpec:
    return NetworkSpec(
        name=link.network,
        subnet=link.subnet,
        gateway=str(ipaddress.ip_network(link.subnet)[1]),
        labels={"dokkupy.root": platform.root_id, LABEL: link.service},
        isolated=False,
        internal=True,
    )


def join(platform: Platform, service: Service) -> None:
    """Put the container of a service on the networks of all its links."""
    for link in links.of_service(platform, service):
        ensure(platform, link)
        platform.engine.connect(service.container, link.network, [service.host])


def leave(platform: Platform, service: Service) -> None:
    """Take the container of a service off the networks of its links."""
    for link in links.of_service(platform, service):
        platform.engine.disconnect(service.container, link.network)


def dissolve(platform: Platform, service: Service, link: Link) -> None:
    """Take a service off the network of a link that is no more, and remove that network.

    While a container of the app is still on it, the network waits for `sweep`.
    """
    platform.engine.disconnect(service.container, link.network)
    with suppress(Conflict):
        platform.engine.remove_network(link.network)


def sweep(platform: Platform, of: Service | None = None) -> None:
    """Remove the networks of links that are no more: of all services, or of one."""
    for service in services.every(platform) if of is None else [of]:
        known = {link.network for link in links.of_service(platform, service)}
        labels = {"dokkupy.root": platform.root_id, LABEL: service.key}
        for name in set(platform.engine.networks(labels)) - known:
            if service.container:
                platform.engine.disconnect(service.container, name)
            with suppress(Conflict):
                platform.engine.remove_network(name)
