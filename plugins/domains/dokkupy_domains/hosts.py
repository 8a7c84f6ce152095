"""Which host belongs to which app, as it is kept in the store.

An app has the hosts that were added to it, and beside them, until somebody removes it, the
default `APP.GLOBAL-DOMAIN`. Each added host is a document of its own, so that whose it is takes
one look-up however many apps there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dokkupy.errors import Conflict
from dokkupy.names import AppName, HostName

if TYPE_CHECKING:
    from dokkupy.store import Store

NOUN: Final = "domains"
_HOST: Final = "host:"
_DEFAULT: Final = "default"
_GLOBAL: Final = "global"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What people decided for one app."""

    added: tuple[HostName, ...] = ()
    default: bool = True
    """Whether it answers at `APP.GLOBAL-DOMAIN` too."""


def chosen(store: Store, app: AppName) -> Chosen:
    """Return what was decided for `app`."""
    kept = store.documents.keys(app, NOUN)
    hosts = {key.removeprefix(_HOST): place for key, place in kept.items() if key != _DEFAULT}
    return Chosen(
        added=tuple(HostName(host) for host in sorted(hosts, key=lambda host: hosts[host])),
        default=kept.get(_DEFAULT, True),
    )


def global_domains(store: Store) -> tuple[HostName, ...]:
    """Return the domains under which every app gets a name: those chosen, or the root's own."""
    kept = store.documents.get("", NOUN, _GLOBAL)
    if kept is None:
        own = store.meta.get("domain")
        kept = [own] if own else []
    return tuple(HostName(domain) for domain in kept)


def defaults(store: Store, app: AppName) -> tuple[HostName, ...]:
    """Return the default hosts of `app`, without those that were added to another app."""
    own = (HostName(f"{app}.{domain}") for domain in global_domains(store))
    return tuple(host for host in own if not _added_to(store, host) - {app})


def served(store: Store, app: AppName) -> tuple[HostName, ...]:
    """Return every host of `app`, the added ones first."""
    mine = chosen(store, app)
    names = (*mine.added, *(defaults(store, app) if mine.default else ()))
    return tuple(dict.fromkeys(names))


def decide(store: Store, app: AppName, new: Chosen) -> None:
    """Replace what was decided for `app`.

    Raises:
        Conflict: a host that it did not have belongs to another app; nothing is changed.
    """
    with store.write():
        old = chosen(store, app)
        for host in set(new.added) - set(old.added):
            _refuse_if_taken(store, app, host)
        for host in old.added:
            store.documents.unset(app, NOUN, _HOST + host)
        for place, host in enumerate(new.added):
            store.documents.set(app, NOUN, _HOST + host, place)
        if new.default:
            store.documents.unset(app, NOUN, _DEFAULT)
        else:
            store.documents.set(app, NOUN, _DEFAULT, False)
        store.events.add(
            "domains.changed", app, {"domains": list(new.added), "default": new.default}
        )


def decide_global(store: Store, domains: Iterable[HostName] | None) -> None:
    """Replace the global domains; None goes back to the one of the root."""
    with store.write():
        if domains is None:
            store.documents.unset("", NOUN, _GLOBAL)
        else:
            store.documents.set("", NOUN, _GLOBAL, list(domains))
        store.events.add("domains.changed", "", {"domains": list(global_domains(store))})


def chosen_globally(store: Store) -> tuple[HostName, ...] | None:
    """Return the global domains that were chosen, None while the root's own one counts."""
    kept = store.documents.get("", NOUN, _GLOBAL)
    return None if kept is None else tuple(HostName(domain) for domain in kept)


def owner(store: Store, host: HostName) -> AppName | None:
    """Return the app that answers at `host`: added to it, or its default."""
    for app in sorted(_added_to(store, host)):
        return AppName(app)
    for domain in global_domains(store):
        label = host.removesuffix(f".{domain}")
        if label != host and store.apps.exists(label) and chosen(store, AppName(label)).default:
            return AppName(label)
    return None


def _added_to(store: Store, host: HostName) -> set[str]:
    return set(store.documents.all(NOUN, _HOST + host))


def _refuse_if_taken(store: Store, app: AppName, host: HostName) -> None:
    holder = owner(store, host)
    if holder is not None and holder != app:
        raise Conflict(
            f"{host} belongs to the app {holder}.",
            hint=f"Take it away there first: dokkupy domains remove {holder} {host}",
        )
