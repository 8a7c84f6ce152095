"""Linking apps to services: a network, an alias, and one new release that knows of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dokkupy import pipeline
from dokkupy.errors import Conflict
from dokkupy.names import AppName
from dokkupy.services import life, links, networks
from dokkupy.services.links import Alias, Link
from dokkupy.services.service import Service

if TYPE_CHECKING:
    from dokkupy.deployment import Deployment
    from dokkupy.platform import Platform
    from dokkupy.report import Report
    from dokkupy.services.kind import ServiceKind
    from dokkupy.services.name import ServiceName


def link(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    name: ServiceName,
    *,
    app: AppName,
    alias: Alias | None,
    restart: bool,
) -> Deployment | None:
    """Link an app to a service; a deployed app gets one new release that knows of it.

    Raises:
        Conflict: it is linked already, or the alias is taken.
        DeployFailed: the app did not pass its checks; it is not linked.
    """
    platform.store.apps.get(app)
    with life.at_work(platform, report, kind.noun, name, f"link to {app}") as service:
        others = links.of_app(platform, app)
        if any(other.service == service.key for other in others):
            raise Conflict(
                f"App {app} is linked to {service.title} already.",
                hint=f"See how: dokkupy {kind.noun} links {name}",
            )
        chosen = links.free_alias(kind, service, others, alias)
        made = networks.fresh(platform, service, app, chosen)
        try:
            platform.engine.connect(service.container, made.network, [service.host])
            _note(platform, made, "service.linked")
            return _refresh(platform, report, app, f"link to {service.title}", restart=restart)
        except BaseException:
            _take_back(platform, service, made)
            raise


def unlink(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    name: ServiceName,
    *,
    app: AppName,
    restart: bool,
) -> Deployment | None:
    """Take a link away; a deployed app gets one new release that knows nothing of the service.

    Raises:
        NotFound: it is not linked.
        DeployFailed: the app did not pass its checks without it; it stays linked.
    """
    platform.store.apps.get(app)
    with life.at_work(platform, report, kind.noun, name, f"unlink from {app}") as service:
        gone = links.find(platform, service, app)
        _note(platform, gone, "service.unlinked", kept=False)
        try:
            done = _refresh(platform, report, app, f"unlink from {service.title}", restart=restart)
        except BaseException:
            links.keep(platform, gone)
            raise
        networks.dissolve(platform, service, gone)
    return done


def promote(
    platform: Platform,
    report: Report,
    kind: ServiceKind,
    name: ServiceName,
    *,
    app: AppName,
    restart: bool,
) -> Deployment | None:
    """Give a service the usual alias; the one that had it gets its own. One new release.

    Raises:
        UsageError: it has it.
        DeployFailed: the app did not pass its checks; the aliases are as they were.
    """
    platform.store.apps.get(app)
    with life.at_work(platform, report, kind.noun, name, f"promote for {app}") as service:
        links.find(platform, service, app)
        before = links.of_app(platform, app)
        changed = links.promoted(kind, service, before)
        with platform.store.write():
            for one in before:
                if one.service in changed:
                    links.keep(platform, replace(one, alias=changed[one.service]))
            platform.store.events.add("service.promoted", app, {"service": service.title})
        try:
            return _refresh(platform, report, app, f"promote {service.title}", restart=restart)
        except BaseException:
            with platform.store.write():
                for one in before:
                    links.keep(platform, one)
            raise


def _note(platform: Platform, link: Link, verb: str, *, kept: bool = True) -> None:
    with platform.store.write():
        if kept:
            links.keep(platform, link)
        else:
            links.forget(platform, link)
        service = link.service.replace("/", " ")
        platform.store.events.add(verb, link.app, {"service": service, "alias": link.alias})


def _take_back(platform: Platform, service: Service, made: Link) -> None:
    links.forget(platform, made)
    networks.dissolve(platform, service, made)


def _refresh(
    platform: Platform, report: Report, app: AppName, reason: str, *, restart: bool
) -> Deployment | None:
    """Deploy what runs anew with today's environment; None when nothing is deployed."""
    if not restart or platform.store.releases.live(app) is None:
        return None
    return pipeline.refresh(platform, report.line, app=app, reason=reason)
