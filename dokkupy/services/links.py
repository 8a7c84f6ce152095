"""Which app is linked to which service, under which alias, over which network."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dokkupy.errors import Conflict, NotFound, PluginError, UsageError
from dokkupy.names import AppName, Name
from dokkupy.services import service as services
from dokkupy.services.name import ServiceName
from dokkupy.types import Environment, EnvLayer, Rank

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.services.kind import ServiceKind
    from dokkupy.services.service import Service

NOUN: Final = "service-links"
"""Under which the store keeps them, per app: key `mysql/db`. They follow the app's name."""


class Alias(Name):
    """The prefix of the variables by which an app knows a service."""

    __slots__ = ()
    noun = "alias"
    pattern = re.compile(r"[A-Z][A-Z0-9_]{0,62}")
    rule = "capital letters, digits and underscores, such as DATABASE or CACHE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One app's way to one service."""

    app: AppName
    service: str
    """`mysql/db`."""
    alias: Alias
    network: str
    """Name of the network that service and app share with nobody else."""
    subnet: str


def of_app(platform: Platform, app: AppName) -> list[Link]:
    """Return the links of an app, to services of any kind."""
    found = platform.store.documents.keys(app, NOUN)
    return [_read(app, key, document) for key, document in found.items()]


def of_service(platform: Platform, service: Service) -> list[Link]:
    """Return the links to a service, by app."""
    found = platform.store.documents.all(NOUN, service.key)
    return [_read(AppName(app), service.key, document) for app, document in found.items()]


def of_kind(platform: Platform, kind: ServiceKind, app: AppName) -> list[tuple[Service, Link]]:
    """Return the links of an app to services of one kind, each with its service."""
    found = []
    for link in of_app(platform, app):
        noun, _, name = link.service.partition("/")
        if noun == kind.noun:
            found.append((services.find(platform, noun, ServiceName(name)), link))
    return found


def refuse_orphaned(platform: Platform, app: AppName) -> None:
    """Let no container of an app be made that would do without a service it is linked to.

    Without the plugin that knows the service, the app would get neither its network nor its
    variables, and might well begin to write elsewhere.

    Raises:
        PluginError: no plugin that takes part knows one.
    """
    own = of_app(platform, app)
    known = {kind.noun for kind in platform.hooks.services()} if own else set()
    for link in own:
        noun, _, name = link.service.partition("/")
        if noun not in known:
            raise PluginError(
                f"App {app} is linked to {noun} {name}, which no plugin that takes part knows.",
                hint="See which do not, and why: dokkupy plugin list",
            )


def find(platform: Platform, service: Service, app: AppName) -> Link:
    """Return the link between a service and an app.

    Raises:
        NotFound: there is none.
    """
    for link in of_app(platform, app):
        if link.service == service.key:
            return link
    raise NotFound(
        f"App {app} is not linked to {service.title}.",
        hint=f"Link it: dokkupy {service.noun} link {service.name} {app}",
    )


def keep(platform: Platform, link: Link) -> None:
    """Note a link as it is now."""
    document = {"alias": link.alias, "network": link.network, "subnet": link.subnet}
    platform.store.documents.set(link.app, NOUN, link.service, document)


def forget(platform: Platform, link: Link) -> None:
    """Forget a link."""
    platform.store.documents.unset(link.app, NOUN, link.service)


def own_alias(key: str) -> Alias:
    """Return the alias that a service has unless it is given another: `MYSQL_DB`."""
    return Alias(re.sub(r"[-/]", "_", key).upper())


def free_alias(
    kind: ServiceKind, service: Service, others: Iterable[Link], wanted: Alias | None
) -> Alias:
    """Return the alias for a new link beside those that the app has.

    Raises:
        Conflict: the one that is wanted has been given.
    """
    taken = {link.alias: link.service for link in others}
    if wanted is None:
        usual = Alias(kind.alias)
        wanted = own_alias(service.key) if usual in taken else usual
    if wanted in taken:
        raise Conflict(
            f"The app knows {taken[wanted].replace('/', ' ')} as {wanted} already.",
            hint="Choose another with --as.",
        )
    return wanted


def promoted(kind: ServiceKind, service: Service, links: Iterable[Link]) -> dict[str, Alias]:
    """Return service key -> alias after a service got the usual alias, for those that change.

    Raises:
        UsageError: it has it.
        Conflict: the alias that the one that had it would get has been given to a third.
    """
    usual = Alias(kind.alias)
    changed: dict[str, Alias] = {}
    links = list(links)
    for link in links:
        if link.service == service.key:
            if link.alias == usual:
                raise UsageError(f"App {link.app} knows {service.title} as {usual} already.")
            changed[link.service] = usual
        elif link.alias == usual:
            changed[link.service] = own = own_alias(link.service)
            for other in links:
                if other.alias == own and other.service != service.key:
                    noun, _, name = other.service.partition("/")
                    raise Conflict(
                        f"App {link.app} knows {noun} {name} as {own}, which "
                        f"{link.service.replace('/', ' ')} would get.",
                        hint=f"dokkupy {noun} unlink {name} {link.app}, and link it --as another",
                    )
    return changed


def layer(kind: ServiceKind, service: Service, link: Link) -> EnvLayer:
    """Return the variables by which an app finds a service that it is linked to."""
    told = kind.server_for(service.wanted).variables(service.access)
    values = Environment({f"{link.alias}_{key}": value for key, value in told.items()})
    return EnvLayer(rank=Rank.SERVICE, origin=service.title, values=values)


def _read(app: AppName, key: str, document: dict[str, Any]) -> Link:
    return Link(
        app=app,
        service=key,
        alias=Alias(document["alias"]),
        network=document["network"],
        subnet=document["subnet"],
    )
