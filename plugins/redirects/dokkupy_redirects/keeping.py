"""Which host leads where, as it is kept in the store: a document for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dokkupy.errors import Refused
from dokkupy.names import AppName, HostName

if TYPE_CHECKING:
    from dokkupy.store import Store

NOUN: Final = "redirects"
_HOST: Final = "host:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """One host of an app whose visitors are sent to another."""

    app: AppName
    host: HostName
    to: HostName
    code: int
    """Status of the answer: 301, 302, 307 or 308."""


def of_app(store: Store, app: AppName) -> list[Redirect]:
    """Return the redirects of an app, by host."""
    return [
        Redirect(
            app=app,
            host=HostName(key.removeprefix(_HOST)),
            to=HostName(value["to"]),
            code=value["code"],
        )
        for key, value in store.documents.keys(app, NOUN).items()
    ]


def find(store: Store, app: AppName, host: HostName) -> Redirect | None:
    """Return the redirect of one host."""
    return next((one for one in of_app(store, app) if one.host == host), None)


def put(store: Store, redirect: Redirect) -> None:
    """Keep a redirect in the place of the one that its host had.

    Raises:
        Refused: visitors would be sent in a circle; nothing is changed.
    """
    with store.write():
        _refuse_circle(store, redirect)
        value = {"to": redirect.to, "code": redirect.code}
        store.documents.set(redirect.app, NOUN, _HOST + redirect.host, value)
        store.events.add(f"{NOUN}.set", redirect.app, {"host": redirect.host, **value})


def drop(store: Store, redirect: Redirect) -> None:
    """Forget a redirect; one that is not there is fine."""
    with store.write():
        store.documents.unset(redirect.app, NOUN, _HOST + redirect.host)
        store.events.add(f"{NOUN}.unset", redirect.app, {"host": redirect.host})


def _refuse_circle(store: Store, new: Redirect) -> None:
    """Follow a visitor from redirect to redirect, those of other apps too."""
    way = [new.host, new.to]
    while way[-1] not in way[:-1]:
        known = store.documents.all(NOUN, _HOST + way[-1])
        if not known:
            return
        way.append(HostName(next(iter(known.values()))["to"]))
    raise Refused(
        f"Visitors would be sent in a circle: {' -> '.join(way)}.",
        hint=f"Choose another destination, or take one back: dokkupy redirects report {new.app}",
    )
