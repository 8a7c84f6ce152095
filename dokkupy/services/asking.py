"""How operations have the detached runner work on services, and show what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dokkupy import jobs
from dokkupy.types import Stream

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.services.name import ServiceName
    from dokkupy.services.showing import ChangedLink, ServiceInfo


def ask(
    platform: Platform, noun: str, service: ServiceName, verb: str, arguments: dict[str, Any]
) -> Stream[Any]:
    """Have the detached runner do something to a service, and follow it."""
    request = {"noun": noun, "service": service, "verb": verb, "arguments": arguments}
    return (yield from jobs.run(platform, "service", None, request))


def shown(platform: Platform, noun: str, name: ServiceName) -> ServiceInfo:
    """Return a service as `info` shows it."""
    from dokkupy.services import service as services
    from dokkupy.services import showing

    return showing.info(platform, services.find(platform, noun, name))


def changed(
    platform: Platform,
    noun: str,
    name: ServiceName,
    app: AppName,
    deployment: dict[str, Any] | None,
) -> ChangedLink:
    """Return how an app is linked to a service now, after the deployment that a job gave."""
    from dokkupy.deployment import Deployment
    from dokkupy.services import service as services
    from dokkupy.services import showing

    done = Deployment.of(deployment) if deployment else None
    return showing.changed(platform, services.find(platform, noun, name), app, done)
