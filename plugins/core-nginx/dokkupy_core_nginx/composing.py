"""From routes and wishes to the apps of a site, whatever the plugins that add to them do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dokkupy.errors import DokkupyError
from dokkupy.types import Route
from dokkupy_core_nginx.site import AppSite
from dokkupy_core_nginx.validation import Good, withheld
from dokkupy_core_nginx.wishes import Wishes


def compose(
    routes: Sequence[Route], wishes: Wishes, *, changed: str, good: Good
) -> tuple[tuple[AppSite, ...], dict[str, str]]:
    """Return the apps, and app -> why the directives that served it before stand in.

    Raises:
        DokkupyError: what a plugin raised when asked for the directives of `changed`.
    """
    apps = []
    warnings: dict[str, str] = {}
    for route in routes:
        app = AppSite(
            route=_at_home(route), settings=wishes.settings.get(route.app, wishes.defaults)
        )
        try:
            app = app.with_snippets(wishes.snippets(route.app))
        except DokkupyError as error:
            if route.app == changed:
                raise
            warnings[route.app] = error.message
            before = good(route.app)
            app = withheld(app) if before is None else replace(app, snippets=before)
        apps.append(app)
    return tuple(apps), warnings


def _at_home(route: Route) -> Route:
    """Return a route with its files where they really lie, as the proxy's folder is named."""
    if route.site is not None:
        route = replace(route, site=replace(route.site, folder=route.site.folder.resolve()))
    if route.certificate is None:
        return route
    chain, key = route.certificate.chain.resolve(), route.certificate.key.resolve()
    return replace(route, certificate=replace(route.certificate, chain=chain, key=key))
