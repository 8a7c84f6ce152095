"""A service that stands still while work puts another server in its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from dokkupy.errors import DeployFailed
from dokkupy.services import containers, networks
from dokkupy.services import service as services

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.services.kind import ServiceKind
    from dokkupy.services.service import Service


@contextmanager
def still(platform: Platform, kind: ServiceKind, service: Service) -> Iterator[None]:
    """Stop a service for a block that lets another container serve in its place.

    What it has acknowledged is on its volume then. A block that fails before the other one is
    noted gets the service of before back, serving; so does whoever comes after a process that
    was killed in the block.
    """
    _note(platform, service, standing=True)
    try:
        containers.stop(platform, kind, service)
        yield
    except BaseException:
        if services.find(platform, service.noun, service.name).container == service.container:
            resume(platform, kind, service)
        raise


def resume(platform: Platform, kind: ServiceKind, service: Service) -> None:
    """Let the server of before serve again, and wait until it does, or cannot."""
    if containers.state(platform, service) != "missing":
        networks.join(platform, service)
        platform.engine.start(service.container)
        containers.promote(platform, service)
        with suppress(DeployFailed):  # what went wrong before is what is to be told
            containers.await_ready(platform, kind.server_for(service.wanted), service)
    _note(platform, service, standing=False)


def _note(platform: Platform, service: Service, *, standing: bool) -> None:
    with platform.store.write():
        now = services.find(platform, service.noun, service.name)
        services.keep(platform, replace(now, standing=standing))
