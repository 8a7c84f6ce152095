"""The container of a service: made, awaited, stopped, removed."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dokkupy import network
from dokkupy.engine import ContainerSpec, PublishedPort
from dokkupy.errors import Conflict, DeployFailed, EngineError, NotFound, Refused, StateError
from dokkupy.services.server import Blueprint
from dokkupy.services.session import Session
from dokkupy.types import Mount

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.services.kind import ServiceKind
    from dokkupy.services.server import Server
    from dokkupy.services.service import Service

SERVICE: Final = "dokkupy.service"
"""Label of every container and volume of a service: `mysql/db`."""
READY_SECONDS: Final = 120.0
POLL_SECONDS: Final = 0.05
LOG_LINES: Final = 20


def labels(platform: Platform, service: Service) -> dict[str, str]:
    """Return what marks everything of a service in the engine."""
    return {"dokkupy.root": platform.root_id, SERVICE: service.key}


def launch(platform: Platform, kind: ServiceKind, service: Service) -> Service:
    """Start a container for a service on its volume, made when it has none; wait until it serves.

    Nothing is linked to it yet, and it does not come back by itself.

    Raises:
        DeployFailed: it did not get ready; neither container nor new volume is left.
    """
    engine = platform.engine
    server = kind.server_for(service.wanted)
    blueprint = server.blueprint(service.access)
    bridge = network.ensure(engine, platform.store)
    name = f"dokkupy-{platform.root_id}-{service.noun}-{service.name}-{service.generation}"
    made_volume = bool(blueprint.data) and not service.volume
    if made_volume:
        service = replace(service, volume=name)
        engine.ensure_volume(name, labels(platform, service))
    address = platform.store.addresses.take(f":{service.key}", bridge.subnet)
    service = replace(service, container=name, address=address)
    spec = ContainerSpec(
        name=name,
        image=service.image_id,
        command=blueprint.command,
        env=blueprint.env,
        labels=labels(platform, service),
        network=bridge.name,
        address=address,
        mounts=(Mount(source=service.volume, target=blueprint.data),) if blueprint.data else (),
        ports=published(service),
        memory=service.memory,
        cpus=service.cpus,
    )
    try:
        engine.remove(name)
        engine.create(spec)
        engine.put(name, blueprint.files)
        engine.start(name)
        version = await_ready(platform, server, service)
    except BaseException:
        discard(platform, service, volume=made_volume)
        raise
    return replace(service, version=version)


def published(service: Service) -> tuple[PublishedPort, ...]:
    """Return where the host answers for a service."""
    if not service.host_address:
        return ()
    host = {"host_address": service.host_address, "host_port": service.host_port}
    return (PublishedPort(port=service.port, **host),)  # type: ignore[arg-type]


def await_ready(platform: Platform, server: Server, service: Service) -> str:
    """Wait until the server answers a real question, and return its version.

    Raises:
        DeployFailed: it ended, or did not answer in time; its log is in the detail.
    """
    talk = session(platform, service)
    until = time.monotonic() + READY_SECONDS
    while True:
        # To look costs next to nothing, while to ask takes processor time from its start.
        if _listens(platform, service):
            with suppress(EngineError, Conflict):  # it has ended; the wait below says so
                if version := server.version(talk):
                    return version
        if platform.engine.wait([service.container], POLL_SECONDS) is not None:
            raise _unready(platform, service, "ended before it was ready")
        if time.monotonic() > until:
            raise _unready(platform, service, f"was not ready within {READY_SECONDS:g} s")


def _listens(platform: Platform, service: Service) -> bool:
    return any(one.port == service.port for one in platform.engine.listeners(service.container))


def _unready(platform: Platform, service: Service, what: str) -> DeployFailed:
    log = platform.engine.logs(service.container, tail=LOG_LINES)
    return DeployFailed(
        f"The server of {service.title} {what}.",
        hint="Its last words are above; if it lacked memory, give it more.",
        detail=b"\n".join(log).decode("utf-8", "replace"),
    )


def session(platform: Platform, service: Service) -> Session:
    """Return a way to run commands beside the server of a service."""
    return Session(engine=platform.engine, container=service.container, access=service.access)


def running(platform: Platform, service: Service) -> Session:
    """Return a session with a service that runs.

    Raises:
        Refused: it does not.
    """
    if state(platform, service) != "running":
        raise Refused(
            f"The service {service.title} does not run.",
            hint=f"dokkupy {service.noun} start {service.name}",
        )
    return session(platform, service)


def refuse_unfinished(service: Service) -> None:
    """Make sure that a service was made to its end.

    Raises:
        Refused: who made it died before.
    """
    if not service.container:
        raise Refused(
            f"The service {service.title} was never finished.",
            hint=f"dokkupy {service.noun} create {service.name}, or: "
            f"dokkupy {service.noun} destroy {service.name}",
        )


def state(platform: Platform, service: Service) -> str:
    """Return what the engine says of a service's container: `running`, `exited`, `missing` …"""
    try:
        return platform.engine.inspect(service.container or "-").state
    except NotFound:
        return "missing"


def stop(platform: Platform, kind: ServiceKind | None, service: Service) -> None:
    """Let the server write what it has to and end; one that does not run is fine.

    Where no plugin knows the kind any more, it has as long as most servers.
    """
    if not service.container:
        return
    known = kind.server_for(service.wanted).blueprint(service.access) if kind else Blueprint()
    grace = known.grace
    try:
        platform.engine.set_restart_policy(service.container, "no")
        platform.engine.stop(service.container, grace)
    except NotFound:
        return


def promote(platform: Platform, service: Service) -> None:
    """Let the engine start it again when it ends and after a reboot.

    It is to be noted before as the one that serves: so it is told from what dead work has left.
    """
    platform.engine.set_restart_policy(service.container, "unless-stopped")


def discard(platform: Platform, service: Service, *, volume: bool) -> None:
    """Remove a container, and its volume when it never was anybody's."""
    if service.container:
        platform.engine.remove(service.container)
    platform.store.addresses.give_back(service.address)
    if volume and service.volume:
        platform.engine.remove_volume(service.volume)


def sweep(platform: Platform, service: Service) -> bool:
    """Remove what work that was cut short has left of a service; say whether there was anything.

    Needs the service's lock. A volume that the service has, or had, is never touched.

    Raises:
        StateError: there is a container that has served, and of which the state knows nothing: it
            is older than what runs, and what it does not know must not go.
    """
    left = False
    own = {service.volume, *service.kept, service.before.get("volume", "")}
    found = platform.engine.containers(labels(platform, service))
    strays = [info for info in found if info.name != service.container]
    for info in strays:
        if info.restart_policy != "no":  # see `promote`
            raise StateError(
                f"The state of this root is older than {info.name}, which serves {service.title}.",
                hint="Bring back the newer state.db; if its data is not wanted any more: "
                f"docker rm --force {info.name}",
            )
    for info in strays:
        platform.engine.remove(info.id)
        left = True
    for volume in platform.engine.volumes(labels(platform, service)):
        if volume not in own:
            platform.engine.remove_volume(volume)
            left = True
    return left
