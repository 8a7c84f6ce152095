"""Services that are there for the time of an app's tests, and that nothing is kept of."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from dokkupy import build_queue, trial_network
from dokkupy.engine import ContainerSpec
from dokkupy.errors import ImageNotFound, UsageError
from dokkupy.services import containers, images, links
from dokkupy.services.links import Alias, Link
from dokkupy.services.name import ServiceName
from dokkupy.services.service import Service
from dokkupy.types import Environment

if TYPE_CHECKING:
    from dokkupy.addons import Addon
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.report import Report
    from dokkupy.services.kind import ServiceKind

DIGITS: Final = tuple("0123456789")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What tests have beside them."""

    network: str
    """Which they have to be on to reach it."""
    variables: Environment
    services: tuple[Service, ...]


def kinds(platform: Platform, addons: Sequence[Addon]) -> list[ServiceKind]:
    """Return the kind of each service that tests want.

    Raises:
        UsageError: no plugin knows one.
    """
    known = platform.hooks.services()
    by_name = {name: kind for kind in known for name in (kind.noun, *kind.known_as)}
    for addon in addons:
        if addon.name not in by_name:
            there = ", ".join(sorted(kind.noun for kind in known)) or "none"
            raise UsageError(
                f"app.json wants the addon {addon.name} for the tests, which no plugin has; "
                f"there are: {there}.",
                hint=f"Name one of these, or install the plugin that has it: "
                f"dokkupy plugin install {addon.name}",
            )
    return [by_name[addon.name] for addon in addons]


@contextmanager
def beside(
    platform: Platform, report: Report, app: AppName, addons: Sequence[Addon]
) -> Iterator[Beside]:
    """Have a fresh server of each kind, on a network that only the tests are to join.

    Needs the app's lock. Nothing is left of them when the block ends, however that is; the next
    recovery of the app removes what a dead process has left.

    Raises:
        UsageError: no plugin knows one of them, or two want the same variables.
        ImageNotFound: the version that is wanted cannot be had.
        DeployFailed: one did not get ready.
    """
    wanted = list(zip(kinds(platform, addons), addons, strict=True))
    trial_network.remove(platform, app)
    try:
        network = trial_network.make(platform, app)
        begun = []  # all of them get ready at the same time
        for place, (kind, addon) in enumerate(wanted, start=1):
            service = _fresh(platform, report, kind, image_of(kind, addon), place)
            begun.append(_started(platform, app, network, kind, service))
        told: dict[str, str] = {}
        taken: list[Link] = []
        for (kind, addon), service in zip(wanted, begun, strict=True):
            server = kind.server_for(service.wanted)
            version = containers.await_ready(platform, server, service)
            alias = links.free_alias(kind, service, taken, Alias(addon.alias) or None)
            report.progress(f"The tests find {kind.title} {version} as {alias}_URL")
            taken.append(
                Link(app=app, service=service.key, alias=alias, network=network, subnet="")
            )
            access = replace(service.access, host=service.container)
            told |= {f"{alias}_{key}": text for key, text in server.variables(access).items()}
        yield Beside(network=network, variables=Environment(told), services=tuple(begun))
    finally:
        trial_network.remove(platform, app)


def _fresh(
    platform: Platform, report: Report, kind: ServiceKind, image: str, place: int
) -> Service:
    """Return a service of which nothing runs yet, its image there."""
    name = ServiceName("test" if place == 1 else f"test-{place}")
    service = Service.fresh(kind, name, wanted=image, now=time.time())
    found = kind.server_for(image).image
    try:
        reference = images.ensure(platform, found, chosen=bool(image), tell=report.output)
    except ImageNotFound as error:
        error.hint = f'Name another version, or none for the usual one: "{kind.noun}"'
        raise
    report.progress(f"Starting {kind.title} for the tests from {reference}")
    return replace(service, image=reference, image_id=platform.engine.image(reference).id)


def _started(
    platform: Platform, app: AppName, network: str, kind: ServiceKind, service: Service
) -> Service:
    blueprint = kind.server_for(service.wanted).blueprint(service.access)
    # By this name the tests find it, so that it must be one that a name server takes.
    service = replace(service, container=f"dokkupy-{kind.noun}-{secrets.token_hex(6)}")
    platform.engine.create(
        ContainerSpec(
            name=service.container,
            image=service.image_id,
            command=blueprint.command,
            env=blueprint.env,
            labels=trial_network.labels(platform, app),
            network=network,
            memory=build_queue.build_memory(),
        )
    )
    platform.engine.put(service.container, blueprint.files)
    platform.engine.start(service.container)
    return service


def image_of(kind: ServiceKind, addon: Addon) -> str:
    """Return the image that an addon asks for; empty for the usual one.

    What follows the name that others have for a service is mostly their tariff.
    """
    own = addon.name == kind.noun
    version = addon.version or (addon.plan if own or addon.plan.startswith(DIGITS) else "")
    name = kind.noun if own else kind.server_for("").image.upstream.rpartition(":")[0]
    return f"{name}:{version}" if version else ""
