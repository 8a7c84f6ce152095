"""The operations `redirects …`: hosts of an app whose visitors are sent to another host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

from dokkupy import Help, operation
from dokkupy.errors import DokkupyError, NotFound, UsageError
from dokkupy.names import AppName, HostName
from dokkupy_redirects import keeping
from dokkupy_redirects.directives import serves
from dokkupy_redirects.keeping import Redirect

if TYPE_CHECKING:
    from dokkupy.platform import Platform

CODE = Help("301 for ever, 302 for now; 308 and 307 the same with forms sent again whole")


@operation(summary="Send visitors of one host of an app to another host", name="set")
def set_(
    platform: Platform,
    app: AppName,
    source: Annotated[HostName, Help("The host that visitors come to; one of the app's")],
    destination: Annotated[HostName, Help("The host that they are sent to")],
    code: Annotated[Literal["301", "302", "307", "308"], CODE] = "301",
) -> Redirect:
    """Answer requests to a host with a redirect to another one, at once; the path stays.

    A redirect that the host has is replaced.

    Raises:
        UsageError: a host is a wildcard.
        NotFound: the app does not answer at the first host.
        Refused: visitors would be sent in a circle.
        ProxyRefused: nothing was changed.
    """
    platform.store.apps.get(app)
    for host in (source, destination):
        if host.startswith("*."):
            raise UsageError(
                f"{host} is a wildcard; a redirect leads from one host to one host.",
                hint=f"dokkupy redirects set {app} www.example.com example.com",
            )
    if not serves(platform.hooks.vhosts(app=app), source):
        raise NotFound(
            f"{app} does not answer at {source}.",
            hint=f"Let it, and set the redirect again: dokkupy domains add {app} {source}",
        )
    redirect = Redirect(app=app, host=source, to=destination, code=int(code))
    with _served(platform, app, source):
        keeping.put(platform.store, redirect)
    return redirect


@operation(summary="Let visitors of a host reach the app again")
def unset(
    platform: Platform,
    app: AppName,
    source: Annotated[HostName, Help("The host with the redirect")],
) -> None:
    """Undo `redirects set` for a host, at once.

    Raises:
        NotFound: the host has no redirect.
        ProxyRefused: nothing was changed.
    """
    platform.store.apps.get(app)
    known = keeping.find(platform.store, app, source)
    if known is None:
        raise NotFound(
            f"{source} of {app} has no redirect.", hint=f"dokkupy redirects report {app}"
        )
    with _served(platform, app, source):
        keeping.drop(platform.store, known)


@operation(
    summary="Show redirects: of one app, or all",
    reads=True,
    default=True,
    empty="No redirects. Make one: dokkupy redirects set APP www.example.com example.com",
)
def report(platform: Platform, app: AppName | None = None) -> list[Redirect]:
    """Show which hosts lead where, and with which status."""
    if app is not None:
        platform.store.apps.get(app)
    apps = [app] if app else [one.name for one in platform.store.apps.list()]
    return [redirect for one in apps for redirect in keeping.of_app(platform.store, one)]


@contextmanager
def _served(platform: Platform, app: AppName, host: HostName) -> Iterator[None]:
    """Run a block that changes the redirect of a host, then serve it, or take it back."""
    from dokkupy.pipeline import apply_routes

    store = platform.store
    before = keeping.find(store, app, host)
    yield
    after = keeping.find(store, app, host)
    if after == before:
        return
    try:
        apply_routes(platform, changed=app)
    except DokkupyError:
        with store.write():
            if keeping.find(store, app, host) == after:
                if before:
                    keeping.put(store, before)
                elif after:
                    keeping.drop(store, after)
        raise
