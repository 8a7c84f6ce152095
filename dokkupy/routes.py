"""Which hosts lead to which endpoints, computed from the store for every app at once."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dokkupy.errors import DokkupyError
from dokkupy.locks import proxy_lock
from dokkupy.plan import WEB
from dokkupy.sites import folders
from dokkupy.store import RolloutState
from dokkupy.types import Endpoint, Instance, InstanceState, Route, RouteState, Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dokkupy.names import AppName, HostName
    from dokkupy.platform import Platform
    from dokkupy.store import App


def compute(platform: Platform, *, changed: str = "") -> list[Route]:
    """Return the route of every app, by name; pure but for reading the store.

    An app whose hosts a plugin cannot tell keeps those that it had, so that it holds up no
    other; unless it is the `changed` one, whose change then fails.
    """
    store = platform.store
    by_app: dict[str, list[Instance]] = {}
    for instance in store.instances.list():
        by_app.setdefault(instance.app, []).append(instance)
    on_probation = {
        rollout.app
        for rollout in store.rollouts.unfinished()
        if rollout.state is RolloutState.SWITCHED
    }
    deployed = store.releases.live_numbers()
    routed = store.routes.all()
    routes = []
    for app in store.apps.list():
        instances = by_app.get(app.name, [])
        serving = _endpoints(instances, InstanceState.LIVE)
        before = _endpoints(instances, InstanceState.DRAINING)
        site = _site(platform, instances)
        running = site is not None or bool(serving)
        routes.append(
            Route(
                app=app.name,
                hosts=_hosts(platform, app, routed, strictly=app.name == changed),
                state=_state(app, deployed=app.name in deployed, serving=running),
                endpoints=serving,
                backups=before if app.name in on_probation and serving else (),
                certificate=platform.hooks.certificate_for(app=app.name),
                site=site,
            )
        )
    return routes


def apply(platform: Platform, *, changed: str = "") -> None:
    """Make the proxy serve what the store says; the one way in which traffic ever moves.

    The routes are computed under the proxy's lock: two deploys that computed theirs before
    either applied would each undo the other.

    Raises:
        ProxyRefused: what served before still serves.
    """
    what = f"the routes of {changed}" if changed else "the routes of all apps"
    with proxy_lock(platform.paths, what=what, actor=platform.actor):
        routes = compute(platform, changed=changed)
        platform.proxy.apply(routes, changed=changed)
        platform.store.routes.replace(
            {route.app: route.hosts for route in routes},
            secure={route.app: _secure(route) for route in routes},
        )


@contextmanager
def prepared(platform: Platform, app: AppName) -> Iterator[None]:
    """Import what `apply` needs in the background of a block that waits for somebody else.

    What fails here fails again, and is told, when it is needed.
    """

    def prepare() -> None:
        with suppress(DokkupyError):
            _ = platform.proxy
            platform.hooks.vhosts(app=app)
            platform.hooks.certificate_for(app=app)
        platform.store.close()

    thread = threading.Thread(target=prepare, name="prepare-routes")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def urls(platform: Platform, app: AppName) -> list[str]:
    """Return the addresses under which an app is reached, as a person would type them.

    A wildcard is none, unless there is nothing else: nobody knows which of its names is meant.
    """
    secure = platform.store.routes.secure(app)
    hosts = platform.store.routes.all().get(app, ())
    named = [host for host in hosts if not host.startswith("*.")]
    return [_url(platform, host, secure=host in secure) for host in named or hosts]


def answering(platform: Platform, app: AppName) -> list[str]:
    """Return those addresses when something answers there: a web process that runs, or files."""
    instances = platform.store.instances.list(app)
    serving = any(i.process == WEB and i.state is InstanceState.LIVE for i in instances)
    return urls(platform, app) if serving else []


def _secure(route: Route) -> list[HostName]:
    certificate = route.certificate
    return [host for host in route.hosts if certificate and certificate.covers(host)]


def _url(platform: Platform, host: HostName, *, secure: bool) -> str:
    scheme, default = ("https", "443") if secure else ("http", "80")
    port = platform.store.meta.get(f"{scheme}_port", default)
    return f"{scheme}://{host}{'' if port == default else f':{port}'}"


def _hosts(
    platform: Platform, app: App, routed: Mapping[str, Sequence[HostName]], *, strictly: bool
) -> tuple[HostName, ...]:
    try:
        return tuple(platform.hooks.vhosts(app=app.name))
    except DokkupyError as error:
        if strictly:
            raise
        platform.hooks.warn(error)
        return tuple(routed.get(app.name, ()))


def _endpoints(instances: list[Instance], state: InstanceState) -> tuple[Endpoint, ...]:
    return tuple(
        instance.endpoint
        for instance in instances
        if instance.state is state and instance.process == WEB and instance.endpoint
    )


def _site(platform: Platform, instances: Sequence[Instance]) -> Site | None:
    """Return the files that serve an app, when it is files that do."""
    for instance in instances:
        folder = folders.of_reference(platform.paths, instance.reference)
        if folder and instance.state is InstanceState.LIVE and instance.process == WEB:
            release = platform.store.releases.get(instance.app, instance.release)
            settings = next((one.site for one in release.processes if one.name == WEB), None)
            if settings is not None:
                return Site(folder=folder, settings=settings)
    return None


def _state(app: App, *, deployed: bool, serving: bool) -> RouteState:
    if app.stopped:
        return RouteState.STOPPED
    if serving:
        return RouteState.SERVING
    return RouteState.STOPPED if deployed else RouteState.NEVER_DEPLOYED
