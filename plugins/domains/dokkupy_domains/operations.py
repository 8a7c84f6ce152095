"""The operations `domains …`: the host names that apps answer to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from dokkupy import Help, operation
from dokkupy.errors import NotFound, Refused, UsageError
from dokkupy.names import AppName, HostName, Scope
from dokkupy_domains import hosts, serving
from dokkupy_domains.host import GlobalDomain, Host
from dokkupy_domains.hosts import Chosen

if TYPE_CHECKING:
    from dokkupy.platform import Platform

HOSTS = Help("Host names, `*.` allowed in front; other scripts than Latin too")


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """One host that an app answers to."""

    domain: HostName
    app: AppName
    source: Literal["added", "default"]
    """`default` follows the global domains and the app's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainsReport:
    """The domains of one app, or the global ones when `app` is empty."""

    app: str
    domains: tuple[HostName, ...]
    default: bool
    """Whether the default is among them; for the global ones, whether `init` chose them."""


@operation(summary="Add domains to an app")
def add(platform: Platform, app: AppName, domains: Annotated[list[Host], HOSTS]) -> list[Domain]:
    """Let the app answer at more hosts, at once; those that it has stay.

    A host that belongs to another app is refused, naming that app.

    Raises:
        ProxyRefused: the proxy does not accept it; what served before still serves.
    """
    _required(domains)
    platform.store.apps.get(app)
    with serving.for_app(platform, app), platform.store.write():
        now = hosts.chosen(platform.store, app)
        added = tuple(dict.fromkeys((*now.added, *domains)))
        hosts.decide(platform.store, app, Chosen(added=added, default=now.default))
    return _domains(platform, app)


@operation(summary="Remove domains from an app")
def remove(platform: Platform, app: AppName, domains: Annotated[list[Host], HOSTS]) -> list[Domain]:
    """Stop answering at these hosts, at once.

    When the last added one goes, the default comes back: an app that runs has a domain.

    Raises:
        ProxyRefused: the proxy does not accept it; what served before still serves.
    """
    _required(domains)
    platform.store.apps.get(app)
    with serving.for_app(platform, app), platform.store.write():
        now = hosts.chosen(platform.store, app)
        has = hosts.served(platform.store, app)
        for host in domains:
            if host not in has:
                raise NotFound(
                    f"{app} has no domain {host}.",
                    hint=f"It has: {', '.join(has) or 'none'}.",
                )
        left = tuple(host for host in has if host not in domains)
        gone_default = set(domains) - set(now.added)
        if not left and gone_default:
            raise Refused(
                f"{', '.join(sorted(gone_default))} is all that {app} has.",
                hint=f"Add another first: dokkupy domains add {app} HOST; "
                f"or take it off the network: dokkupy ps stop {app}",
            )
        # What is left of several defaults stays as if it had been added.
        kept = left if gone_default else tuple(h for h in now.added if h not in domains)
        default = not kept or (now.default and not gone_default)
        hosts.decide(platform.store, app, Chosen(added=kept, default=default))
    return _domains(platform, app)


@operation(summary="Give an app exactly these domains")
def set_(platform: Platform, app: AppName, domains: Annotated[list[Host], HOSTS]) -> list[Domain]:
    """Replace every domain of the app, its default too, at once.

    Raises:
        ProxyRefused: the proxy does not accept it; what served before still serves.
    """
    _required(domains)
    platform.store.apps.get(app)
    with serving.for_app(platform, app), platform.store.write():
        only = tuple(dict.fromkeys(domains))
        hosts.decide(platform.store, app, Chosen(added=only, default=False))
    return _domains(platform, app)


@operation(summary="Take every added domain away from an app")
def clear(platform: Platform, app: AppName) -> list[Domain]:
    """Go back to the default, APP.GLOBAL-DOMAIN, at once.

    Raises:
        ProxyRefused: the proxy does not accept it; what served before still serves.
    """
    platform.store.apps.get(app)
    with serving.for_app(platform, app), platform.store.write():
        hosts.decide(platform.store, app, Chosen())
    return _domains(platform, app)


@operation(
    summary="List the domains of an app",
    name="list",
    reads=True,
    empty="No domain. Add one: dokkupy domains add APP HOST",
)
def list_(platform: Platform, app: AppName) -> list[Domain]:
    """List the hosts that the app answers to, the added ones first."""
    platform.store.apps.get(app)
    return _domains(platform, app)


@operation(
    summary="Show domains: of one app, the global ones, or all",
    reads=True,
    default=True,
    empty="No apps yet. Make one: dokkupy apps create NAME",
)
def report(platform: Platform, scope: Scope | None = None) -> list[DomainsReport]:
    """Show the domains of one app, with --global the global ones, without either of every app."""
    store = platform.store
    if scope is None:
        return [_report(platform, app.name) for app in store.apps.list()]
    if scope.app is None:
        return [_global_report(platform)]
    store.apps.get(scope.app)
    return [_report(platform, scope.app)]


@operation(summary="Add global domains")
def add_global(platform: Platform, domains: list[GlobalDomain]) -> list[DomainsReport]:
    """Give every app one more default, APP.DOMAIN, for each of these domains, at once.

    Raises:
        ProxyRefused: the proxy does not accept it; what served before still serves.
    """
    _required(domains)
    with serving.for_all(platform), platform.store.write():
        now = hosts.global_domains(platform.store)
        hosts.decide_global(platform.store, dict.fromkeys((*now, *domains)))
    return [_global_report(platform)]


@operation(summary="Remove global domains")
def remove_global(platform: Platform, domains: list[GlobalDomain]) -> list[DomainsReport]:
    """Take the defaults below these domains away from every app, at once.

    Raises:
        NotFound: one of them is no global domain.
        ProxyRefused: the proxy does not accept it; what served before still serves.
    """
    _required(domains)
    with serving.for_all(platform), platform.store.write():
        now = hosts.global_domains(platform.store)
        for domain in domains:
            if domain not in now:
                raise NotFound(
                    f"There is no global domain {domain}.",
                    hint=f"There are: {', '.join(now) or 'none'}.",
                )
        hosts.decide_global(platform.store, [d for d in now if d not in domains])
    return [_global_report(platform)]


@operation(summary="Replace the global domains")
def set_global(platform: Platform, domains: list[GlobalDomain]) -> list[DomainsReport]:
    """Let exactly these domains give every app its default, at once.

    Raises:
        ProxyRefused: the proxy does not accept it; what served before still serves.
    """
    _required(domains)
    with serving.for_all(platform), platform.store.write():
        hosts.decide_global(platform.store, dict.fromkeys(domains))
    return [_global_report(platform)]


@operation(summary="Go back to the global domain that init chose")
def clear_global(platform: Platform) -> list[DomainsReport]:
    """Forget the global domains that were added or set, at once.

    Raises:
        ProxyRefused: the proxy does not accept it; what served before still serves.
    """
    with serving.for_all(platform), platform.store.write():
        hosts.decide_global(platform.store, None)
    return [_global_report(platform)]


def _required(domains: Sequence[HostName]) -> None:
    if not domains:
        raise UsageError("No domain is given.", hint="Name at least one, such as www.example.com.")


def _domains(platform: Platform, app: AppName) -> list[Domain]:
    added = hosts.chosen(platform.store, app).added
    return [
        Domain(domain=host, app=app, source="added" if host in added else "default")
        for host in hosts.served(platform.store, app)
    ]


def _report(platform: Platform, app: AppName) -> DomainsReport:
    return DomainsReport(
        app=app,
        domains=hosts.served(platform.store, app),
        default=hosts.chosen(platform.store, app).default,
    )


def _global_report(platform: Platform) -> DomainsReport:
    return DomainsReport(
        app="",
        domains=hosts.global_domains(platform.store),
        default=hosts.chosen_globally(platform.store) is None,
    )
