"""The life of a service: made, stopped, started, exposed, removed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from dokkupy.errors import Conflict
from dokkupy.locks import service_lock
from dokkupy.services import addresses, containers, images, links, networks, standing
from dokkupy.services import service as services
from dokkupy.services.service import Service

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.report import Report
    from dokkupy.services.kind import ServiceKind
    from dokkupy.services.name import ServiceName


@contextmanager
def at_work(
    platform: Platform,
    report: Report,
    noun: str,
    name: ServiceName,
    what: str,
    *,
    unfinished: bool = False,
) -> Iterator[Service]:
    """Hold a service's lock, with what earlier work has left removed; give it as it is then.

    Raises:
        NotFound: there is none.
        Refused: it was never finished, unless one that is `unfinished` will do.
    """
    services.find(platform, noun, name)
    with service_lock(
        platform.paths,
        f"{noun}/{name}",
        what=what,
        actor=platform.actor,
        on_wait=lambda holder: report.progress(f"Waiting: {noun} {name} is busy with {holder}"),
    ):
        service = services.find(platform, noun, name)
        if not unfinished:
            containers.refuse_unfinished(service)
        if containers.sweep(platform, service) and service.container:
            networks.join(platform, service)
        networks.sweep(platform, service)
        if service.standing:
            report.progress(f"Starting {service.title}, which work that was cut short has stopped")
            standing.resume(platform, platform.hooks.register_services(noun), service)
        yield services.find(platform, noun, name)


def create(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    name: ServiceName,
    *,
    image: str = "",
    memory: int = 0,
    cpus: float = 0.0,
    settings: Mapping[str, str] | None = None,
) -> Service:
    """Make a service and wait until it serves; `settings` are of what its kind lets one choose.

    Raises:
        Conflict: there is one of that name.
        ImageNotFound: its image cannot be had.
        DeployFailed: it did not get ready; nothing is left of it.
    """
    made = Service.fresh(kind, name, wanted=image, now=time.time())
    made = replace(made, memory=memory, cpus=cpus, settings=_chosen(settings or {}))
    services.refuse_second(platform, made)
    with service_lock(platform.paths, made.key, what="create", actor=platform.actor):
        services.add(platform, made)
        try:
            return _begin(platform, report, kind, made)
        except BaseException:
            services.forget(platform, made)
            raise


def _begin(platform: Platform, report: Report, kind: ServiceKind, made: Service) -> Service:
    containers.sweep(platform, made)
    reference = images.ensure(
        platform,
        kind.server_for(made.wanted).image,
        chosen=bool(made.wanted),
        tell=report.output,
    )
    report.progress(f"Starting {made.title} from {reference}")
    chosen = replace(made, image=reference, image_id=platform.engine.image(reference).id)
    service = containers.launch(platform, kind, chosen)
    return settle(platform, service)


def drop_unfinished(platform: Platform, report: Report, service: Service) -> None:
    """Forget a service whose maker died before it was finished; one that is finished stays."""
    noun, name = service.noun, service.name
    with at_work(platform, report, noun, name, "up", unfinished=True) as now:
        if not now.container:
            report.progress(f"Removing {now.title}, which was never finished")
            services.forget(platform, now)


def settle(platform: Platform, service: Service) -> Service:
    """Note a service whose new container serves, and let that one come back by itself.

    What was said of its backups in the meantime stays said.
    """
    now = services.find(platform, service.noun, service.name)
    service = replace(
        service,
        stopped=False,
        standing=False,
        passphrase=now.passphrase,
        backups=now.backups,
        every=now.every,
        keep=now.keep,
    )
    services.keep(platform, service)
    try:
        containers.promote(platform, service)
    except BaseException:
        services.keep(platform, now)
        raise
    return service


def start(platform: Platform, report: Report, kind: ServiceKind, name: ServiceName) -> Service:
    """Start a service that was stopped, or that has ended, and wait until it serves."""
    with at_work(platform, report, kind.noun, name, "start") as service:
        if containers.state(platform, service) == "missing":
            return relaunch(platform, report, kind, service)
        networks.join(platform, service)
        platform.engine.start(service.container)
        report.progress(f"Waiting until {service.title} answers")
        containers.await_ready(platform, kind.server_for(service.wanted), service)
        running = replace(service, stopped=False)
        containers.promote(platform, running)
        services.keep(platform, running, "service.started")
        return running


def stop(platform: Platform, report: Report, kind: ServiceKind, name: ServiceName) -> Service:
    """Stop a service; its data stays, and so do its links."""
    with at_work(platform, report, kind.noun, name, "stop") as service:
        report.progress(f"Stopping {service.title}")
        containers.stop(platform, kind, service)
        stopped = replace(service, stopped=True)
        services.keep(platform, stopped, "service.stopped")
        return stopped


def restart(platform: Platform, report: Report, kind: ServiceKind, name: ServiceName) -> Service:
    """Give a service a new container on its volume, as its settings say now."""
    with at_work(platform, report, kind.noun, name, "restart") as service:
        return relaunch(platform, report, kind, service)


def relaunch(
    platform: Platform, report: Report, kind: ServiceKind, service: Service, **changes: object
) -> Service:
    """Replace the container of a service by one with some changes; needs its lock.

    Raises:
        DokkupyError: the new one did not get ready; the one of before serves again.
    """
    after = replace(service, generation=service.generation + 1, **changes)  # type: ignore[arg-type]
    report.progress(f"Restarting {service.title}")
    with standing.still(platform, kind, service):
        fresh = containers.launch(platform, kind, after)
        try:
            networks.join(platform, fresh)
            fresh = settle(platform, fresh)
        except BaseException:
            containers.stop(platform, kind, fresh)
            containers.discard(platform, fresh, volume=False)
            raise
    containers.discard(platform, service, volume=False)
    return fresh


def destroy(platform: Platform, kind: ServiceKind, service: Service) -> None:
    """Remove a service with its data; needs its lock.

    Raises:
        Conflict: an app is linked to it.
    """
    refuse_linked(platform, service)
    containers.stop(platform, kind, service)
    containers.discard(platform, service, volume=True)
    for volume in {*service.kept, service.before.get("volume", "")} - {""}:
        platform.engine.remove_volume(volume)
    images.let_go(platform, service)
    services.forget(platform, service)


def refuse_linked(platform: Platform, service: Service) -> None:
    """Refuse to go on while apps need a service.

    Raises:
        Conflict: an app is linked to it.
    """
    apps = [link.app for link in links.of_service(platform, service)]
    if apps:
        raise Conflict(
            f"The service {service.title} is linked to {', '.join(apps)}.",
            hint=f"dokkupy {service.noun} unlink {service.name} {apps[0]}",
        )


def expose(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    name: ServiceName,
    *,
    address: str,
    port: int,
) -> Service:
    """Let the host answer for a service at an address and port, or nowhere when it is empty.

    Raises:
        Conflict: the port is taken; the service goes on as before.
        UsageError: it is no address of this host.
    """
    with at_work(platform, report, kind.noun, name, "expose") as service:
        if service.host_address == address and port in (0, service.host_port):
            return service
        if address:  # looked at before it is stopped for nothing
            port = addresses.free_port(address, port)
        return relaunch(platform, report, kind, service, host_address=address, host_port=port)


def limit(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    name: ServiceName,
    *,
    memory: int | None,
    cpus: float | None,
) -> Service:
    """Change what a service may take (bytes, cores); None stays."""
    given = {"memory": memory, "cpus": cpus}
    changes: dict[str, object] = {key: value for key, value in given.items() if value is not None}
    with at_work(platform, report, kind.noun, name, "set") as service:
        return relaunch(platform, report, kind, service, **changes)


def configure(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    name: ServiceName,
    *,
    settings: Mapping[str, str],
) -> Service:
    """Change some of what its kind lets one choose, empty for the usual; it is restarted."""
    with at_work(platform, report, kind.noun, name, "configure") as service:
        return relaunch(
            platform, report, kind, service, settings=_chosen(service.settings | dict(settings))
        )


def _chosen(settings: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in settings.items() if text}


def clean(platform: Platform, report: Report, kind: ServiceKind, name: ServiceName) -> list[str]:
    """Remove the volumes that an import, a restore or an upgrade has replaced; return them."""
    with at_work(platform, report, kind.noun, name, "clean") as service:
        gone = [*service.kept, *filter(None, [service.before.get("volume", "")])]
        images.let_go(platform, service)
        services.keep(platform, replace(service, kept=(), before={}), "service.cleaned")
        for volume in gone:
            report.progress(f"Removing {volume}")
            platform.engine.remove_volume(volume)
        return gone
