"""A second server beside the one that serves: made, filled, and swapped in once it is right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from dokkupy.services import containers, life, networks, standing
from dokkupy.services import service as services

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.report import Report
    from dokkupy.services.kind import ServiceKind
    from dokkupy.services.service import Service


@contextmanager
def staged(platform: Platform, kind: ServiceKind, service: Service) -> Iterator[Service]:
    """Give an empty server like that of a service, on a volume of its own.

    Unless the block swaps it in, nothing is left of it.
    """
    apart = replace(service.next(), host_address="", host_port=0)
    fresh = containers.launch(platform, kind, apart)
    try:
        yield fresh
    finally:
        if services.find(platform, service.noun, service.name).volume != fresh.volume:
            containers.discard(platform, fresh, volume=True)


def swap_in(
    platform: Platform, report: Report, kind: ServiceKind, service: Service, fresh: Service
) -> Service:
    """Let a staged server serve instead; the volume of before is kept.

    Apps find it under the same name, with the same password; their connections are cut once, and
    what the server of before has acknowledged until then is on the volume that is kept.
    """
    report.progress(f"Swapping the data of {service.title}")
    kept = (*service.kept, service.volume)
    after = replace(fresh, kept=kept, host_address="", host_port=0)
    with standing.still(platform, kind, service):
        try:
            networks.leave(platform, service)
            networks.join(platform, fresh)
            after = life.settle(platform, after)
        except BaseException:
            networks.leave(platform, fresh)  # nobody writes to what is about to go
            raise
    containers.discard(platform, service, volume=False)
    if not service.host_address:
        return after
    exposed = {"host_address": service.host_address, "host_port": service.host_port}
    return life.relaunch(platform, report, kind, after, **exposed)
