"""The operations that every kind of service has under its noun."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from dokkupy.errors import UsageError
from dokkupy.names import AppName
from dokkupy.operations.registry import Help, Verbatim, operation
from dokkupy.ports import Port
from dokkupy.services.addresses import THIS_HOST, HostAddress, ImageName
from dokkupy.services.asking import ask, changed, shown
from dokkupy.services.links import Alias
from dokkupy.services.name import ServiceName
from dokkupy.services.showing import (
    ChangedLink,
    DestroyedService,
    ServiceInfo,
    ServiceLink,
    ServiceRow,
    ServiceUrl,
)
from dokkupy.sizes import MemorySize
from dokkupy.types import ExitStatus, Line, Stream

if TYPE_CHECKING:
    from dokkupy.platform import Platform

Restart = Annotated[bool, Help("Leave what runs alone; it counts from the next deploy on")]


@operation(summary="Make a service")
def create(
    platform: Platform,
    noun: str,
    service: ServiceName,
    *,
    image: Annotated[
        ImageName | None, Help("Image with its version; the usual one by default")
    ] = None,
    memory: Annotated[MemorySize | None, Help("Most memory that it may take")] = None,
    cpus: Annotated[float, Help("Most processor cores that it may take")] = 0.0,
) -> Stream[ServiceInfo]:
    """Start a server with a database of its own, and wait until it answers.

    Nobody reaches it until an app is linked to it.

    Raises:
        Conflict: there is one of that name.
        ImageNotFound: its image cannot be had.
    """
    given = {"image": image or "", "memory": memory.bytes if memory else 0, "cpus": cpus}
    yield from ask(platform, noun, service, "create", given)
    return shown(platform, noun, service)


@operation(summary="Remove a service and its data", confirm="service")
def destroy(
    platform: Platform,
    noun: str,
    service: ServiceName,
    *,
    backup: Annotated[bool, Help("Make no last backup")] = True,
    force: Annotated[bool, Help("Do not ask")] = False,  # noqa: ARG001 (read by the registry)
) -> Stream[DestroyedService]:
    """Remove a service with all of its data, of which a last backup stays.

    Raises:
        NotFound: there is no service of that name.
        Conflict: an app is linked to it.
        DokkupyError: the backup cannot be made; nothing is removed.
    """
    made = yield from ask(platform, noun, service, "destroy", {"backup": backup})
    return DestroyedService(service=f"{noun} {service}", backup=made["id"] if made else None)


@operation(
    summary="List the services of this kind",
    name="list",
    reads=True,
    default=True,
    empty="There is none yet. Make one: create NAME",
)
def list_(platform: Platform, noun: str) -> list[ServiceRow]:
    """List every service with its state and the apps that are linked to it.

    Raises:
        EngineError: the container engine does not answer.
    """
    from dokkupy.services import service as services
    from dokkupy.services import showing

    return [showing.row(platform, one) for one in services.every(platform, noun)]


@operation(summary="Show a service", reads=True)
def info(platform: Platform, noun: str, service: ServiceName) -> ServiceInfo:
    """Show what runs, where its data is, and how it is reached; never a password.

    Raises:
        NotFound: there is no service of that name.
        EngineError: the container engine does not answer.
    """
    return shown(platform, noun, service)


@operation(summary="Show the URL of a service, with its password", reads=True)
def url(platform: Platform, noun: str, service: ServiceName) -> ServiceUrl:
    """Show how to get in from this host after `expose`, else what linked apps are told.

    Raises:
        NotFound: there is no service of that name.
    """
    from dokkupy.services import service as services
    from dokkupy.services import showing

    return showing.url(platform, services.find(platform, noun, service))


@operation(summary="Link an app to a service")
def link(
    platform: Platform,
    noun: str,
    service: ServiceName,
    app: AppName,
    *,
    as_: Annotated[Alias | None, Help("Prefix of its variables; chosen by default")] = None,
    restart: Restart = True,
) -> Stream[ChangedLink]:
    """Let an app reach a service, and tell it how in its environment (`DATABASE_URL` …).

    A deployed app gets one new release, without losing a request. A second service of an app
    gets an alias of its own, `MYSQL_DB_URL` for `mysql db`; `promote` changes it.

    Raises:
        NotFound: there is no service of that name.
        Conflict: it is linked already.
        DeployFailed: the app does not pass its checks with it; it is not linked.
    """
    given = {"app": app, "alias": as_, "restart": restart}
    done = yield from ask(platform, noun, service, "link", given)
    return changed(platform, noun, service, app, done)


@operation(summary="Take a link away")
def unlink(
    platform: Platform, noun: str, service: ServiceName, app: AppName, *, restart: Restart = True
) -> Stream[ChangedLink]:
    """Let an app reach a service no more; its data stays.

    Another service of the app does not become its `DATABASE_URL` by itself: an app must not
    begin to write to a database that it had for something else. `promote` makes it so.

    Raises:
        NotFound: it is not linked.
        DeployFailed: the app does not pass its checks without it; it stays linked.
    """
    given = {"app": app, "restart": restart}
    done = yield from ask(platform, noun, service, "unlink", given)
    return changed(platform, noun, service, app, done)


@operation(summary="Give a service the usual alias in an app")
def promote(
    platform: Platform, noun: str, service: ServiceName, app: AppName, *, restart: Restart = True
) -> Stream[ChangedLink]:
    """Make a linked service the one that the app finds as `DATABASE_URL`, by one new release.

    The service that had the alias gets one of its own.

    Raises:
        NotFound: there is no service of that name.
        UsageError: it has it already.
        Conflict: a third service has the alias that the one of before would get.
    """
    given = {"app": app, "restart": restart}
    done = yield from ask(platform, noun, service, "promote", given)
    return changed(platform, noun, service, app, done)


@operation(
    summary="List which apps are linked to a service, or to all",
    reads=True,
    empty="No app is linked.",
)
def links(platform: Platform, noun: str, service: ServiceName | None = None) -> list[ServiceLink]:
    """List links with their aliases and the variables that the apps get.

    Raises:
        NotFound: there is no service of that name.
    """
    from dokkupy.services import links as linked
    from dokkupy.services import service as services

    kind = platform.hooks.register_services(noun)
    wanted = services.every(platform, noun)
    if service is not None:
        wanted = [services.find(platform, noun, service)]
    return [
        ServiceLink(
            service=one.name,
            app=link.app,
            alias=link.alias,
            variables=tuple(sorted(linked.layer(kind, one, link).values)),
        )
        for one in wanted
        for link in linked.of_service(platform, one)
    ]


@operation(summary="Start a service")
def start(platform: Platform, noun: str, service: ServiceName) -> Stream[ServiceInfo]:
    """Start a service that was stopped, or that has ended, and wait until it answers.

    Raises:
        NotFound: there is no service of that name.
    """
    yield from ask(platform, noun, service, "start", {})
    return shown(platform, noun, service)


@operation(summary="Stop a service")
def stop(platform: Platform, noun: str, service: ServiceName) -> Stream[ServiceInfo]:
    """Stop a service; its data and its links stay. It stays stopped after a reboot.

    Raises:
        NotFound: there is no service of that name.
    """
    yield from ask(platform, noun, service, "stop", {})
    return shown(platform, noun, service)


@operation(summary="Restart a service")
def restart(platform: Platform, noun: str, service: ServiceName) -> Stream[ServiceInfo]:
    """Give a service a new container on its data, as its settings say now.

    Raises:
        NotFound: there is no service of that name.
    """
    yield from ask(platform, noun, service, "restart", {})
    return shown(platform, noun, service)


@operation(summary="Change what a service may take", name="set")
def set_(
    platform: Platform,
    noun: str,
    service: ServiceName,
    *,
    memory: Annotated[MemorySize | None, Help("Most memory that it may take")] = None,
    cpus: Annotated[float | None, Help("Most processor cores that it may take; 0 for all")] = None,
) -> Stream[ServiceInfo]:
    """Change the limits of a service; it is restarted with them.

    Raises:
        NotFound: there is no service of that name.
    """
    if memory is None and cpus is None:
        raise UsageError(
            "There is nothing to change.", hint=f"dokkupy {noun} set {service} --memory 512m"
        )
    given: dict[str, Any] = {"memory": memory.bytes if memory else None, "cpus": cpus}
    yield from ask(platform, noun, service, "limit", given)
    return shown(platform, noun, service)


@operation(summary="Let this host answer for a service")
def expose(
    platform: Platform,
    noun: str,
    service: ServiceName,
    port: Annotated[Port | None, Help("Port of this host; a free one by default")] = None,
    *,
    address: Annotated[HostAddress, Help("Address of this host")] = THIS_HOST,
) -> Stream[ServiceInfo]:
    """Make a service reachable on an address of this host, by default for this host alone.

    The service is restarted for it.

    Raises:
        NotFound: there is no service of that name.
        Conflict: the port is taken; the service goes on as before.
    """
    given = {"address": address, "port": port or 0}
    yield from ask(platform, noun, service, "expose", given)
    return shown(platform, noun, service)


@operation(summary="Let this host answer for a service no more")
def unexpose(platform: Platform, noun: str, service: ServiceName) -> Stream[ServiceInfo]:
    """Undo `expose`; the service is restarted for it. One that is not exposed is fine.

    Raises:
        NotFound: there is no service of that name.
    """
    yield from ask(platform, noun, service, "expose", {"address": "", "port": 0})
    return shown(platform, noun, service)


@operation(summary="Show what a service printed", reads=True)
def logs(
    platform: Platform,
    noun: str,
    service: ServiceName,
    *,
    num: Annotated[int, Help("Lines of the end", short="n")] = 100,
    follow: Annotated[bool, Help("Go on as it prints", short="f")] = False,
) -> Stream[None]:
    """Show the output of the server, also after its end.

    Raises:
        NotFound: there is no service of that name.
        Refused: it was never finished.
        EngineError: the container engine does not answer.
    """
    from dokkupy.services import containers
    from dokkupy.services import service as services

    found = services.find(platform, noun, service)
    containers.refuse_unfinished(found)
    for line in platform.engine.logs(found.container, follow=follow, tail=num):
        yield Line(text=line.decode("utf-8", "replace"))


@operation(summary="Open a shell in the container of a service", interactive=True)
def enter(
    platform: Platform,
    noun: str,
    service: ServiceName,
    command: Annotated[list[str] | None, Verbatim("Command; a shell by default")] = None,
) -> ExitStatus:
    """Run a command, by default a shell, beside the server.

    Raises:
        NotFound: there is no service of that name.
        EngineError: the container engine does not answer.
    """
    return _converse(platform, noun, service, command or ["sh"])


@operation(summary="Open the server's own client", interactive=True)
def connect(
    platform: Platform,
    noun: str,
    service: ServiceName,
    words: Annotated[list[str] | None, Verbatim("More words for the client")] = None,
) -> ExitStatus:
    """Talk to the server with its own client, on your terminal or pipes, signed in as apps are.

    Raises:
        NotFound: there is no service of that name.
        EngineError: the container engine does not answer.
    """
    from dokkupy.services import service as services

    found = services.find(platform, noun, service)
    server = platform.hooks.register_services(noun).server_for(found.wanted)
    return _converse(platform, noun, service, [*server.client(found.access), *(words or [])])


def _converse(platform: Platform, noun: str, name: ServiceName, command: list[str]) -> ExitStatus:
    from dokkupy.services import containers
    from dokkupy.services import service as services

    service = services.find(platform, noun, name)
    containers.running(platform, service)
    tty = sys.stdin.isatty() and sys.stdout.isatty()
    code = platform.engine.execute(service.container, command, interactive=True, tty=tty)
    return ExitStatus(code=code)
