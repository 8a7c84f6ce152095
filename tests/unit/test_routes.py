"""Routes: computed from the store for all apps at once, applied by one at a time."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from dokkupy import routes
from dokkupy.errors import PluginError, ProxyRefused
from dokkupy.hookspecs import hookimpl
from dokkupy.names import AppName, HostName, ProcessName
from dokkupy.store import RolloutState
from dokkupy.types import (
    Endpoint,
    Environment,
    InstanceState,
    ProcessType,
    Release,
    ReleaseState,
    Route,
    RouteState,
)

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.testing.proxy_fake import FakeProxy

SHOP, BLOG = AppName("shop"), AppName("blog")
WEB, WORKER = ProcessName("web"), ProcessName("worker")


@pytest.fixture(autouse=True)
def app(platform: Platform) -> None:
    platform.store.apps.create(SHOP)


def deployed(platform: Platform, app: AppName = SHOP) -> None:
    platform.store.releases.add(
        Release(
            app=app,
            number=1,
            image="sha256:1",
            revision="1" * 40,
            builder="dockerfile",
            processes=(ProcessType(name=WEB, port=5000),),
            env=Environment(),
            config=Environment(),
            description="",
            actor="",
            created_at=0.0,
            state=ReleaseState.LIVE,
        )
    )


def placed(
    platform: Platform,
    host: str,
    state: InstanceState = InstanceState.LIVE,
    *,
    process: ProcessName = WEB,
    app: AppName = SHOP,
) -> Endpoint:
    endpoint = Endpoint(host=host, port=5000)
    instance = platform.store.instances.add(app, 1, process, 1)
    platform.store.instances.place(instance.id, f"at {host}", endpoint)
    platform.store.instances.set_state([instance.id], state)
    return endpoint


def only(platform: Platform) -> Route:
    [route] = routes.compute(platform)
    return route


def test_an_app_that_was_never_deployed_has_its_host_and_nothing_behind_it(
    platform: Platform,
) -> None:
    assert only(platform) == Route(
        app=SHOP, hosts=(HostName("shop.example.test"),), state=RouteState.NEVER_DEPLOYED
    )


def test_live_containers_of_web_serve(platform: Platform) -> None:
    deployed(platform)
    first, second = placed(platform, "10.0.0.2"), placed(platform, "10.0.0.3")
    placed(platform, "10.0.0.4", process=WORKER)
    placed(platform, "10.0.0.5", InstanceState.STAGED)
    route = only(platform)
    assert route.state is RouteState.SERVING
    assert route.endpoints == (first, second)
    assert route.backups == ()


@pytest.mark.parametrize("state", RolloutState)
def test_the_old_stand_by_on_probation_alone(platform: Platform, state: RolloutState) -> None:
    deployed(platform)
    new, old = placed(platform, "10.0.0.3"), placed(platform, "10.0.0.2", InstanceState.DRAINING)
    row = platform.store.rollouts.begin(SHOP, 1, 0, None)
    platform.store.rollouts.reach(row, state)
    route = only(platform)
    assert route.endpoints == (new,)
    assert route.backups == ((old,) if state is RolloutState.SWITCHED else ())


def test_the_probation_of_one_app_is_no_other_apps(platform: Platform) -> None:
    platform.store.apps.create(BLOG)
    for app in (SHOP, BLOG):
        deployed(platform, app)
        placed(platform, "10.0.0.2", app=app)
        placed(platform, "10.0.0.3", InstanceState.DRAINING, app=app)
    row = platform.store.rollouts.begin(BLOG, 1, 0, None)
    platform.store.rollouts.reach(row, RolloutState.SWITCHED)
    blog, shop = routes.compute(platform)
    assert (blog.app, len(blog.backups)) == ("blog", 1)
    assert (shop.app, shop.backups) == ("shop", ())


def test_a_deployed_app_without_web_is_stopped(platform: Platform) -> None:
    deployed(platform)
    placed(platform, "10.0.0.4", process=WORKER)
    assert only(platform).state is RouteState.STOPPED


def test_a_stopped_app_is_stopped_whatever_still_runs(platform: Platform) -> None:
    deployed(platform)
    placed(platform, "10.0.0.2")
    platform.store.apps.set_stopped(SHOP, True)
    assert only(platform).state is RouteState.STOPPED


def test_what_was_applied_is_noted_for_listings(platform: Platform) -> None:
    assert platform.store.routes.all() == {}
    routes.apply(platform, changed=SHOP)
    assert platform.store.routes.all() == {"shop": ["shop.example.test"]}


def test_what_was_refused_is_not_noted(platform: Platform, fake_proxy: FakeProxy) -> None:
    fake_proxy.refused.add("shop")
    with pytest.raises(ProxyRefused):
        routes.apply(platform, changed=SHOP)
    assert platform.store.routes.all() == {}


@pytest.mark.parametrize(
    ("port", "url"), [("80", "http://shop.example.test"), ("8080", "http://shop.example.test:8080")]
)
def test_a_url_names_the_port_unless_it_is_the_usual_one(
    platform: Platform, port: str, url: str
) -> None:
    routes.apply(platform)
    platform.store.meta.set("http_port", port)
    assert routes.urls(platform, SHOP) == [url]
    assert routes.urls(platform, BLOG) == []


def test_a_wildcard_is_no_address_that_a_person_could_type(platform: Platform) -> None:
    hosts = [HostName("*.example.test"), HostName("shop.example.test")]
    platform.store.routes.replace({"shop": hosts})
    [url] = routes.urls(platform, SHOP)
    assert url.startswith("http://shop.example.test")
    platform.store.routes.replace({"shop": hosts[:1]})
    [url] = routes.urls(platform, SHOP)
    assert url.startswith("http://*.example.test")


def test_routes_are_computed_and_applied_under_one_lock(
    platform: Platform, fake_proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two deploys that computed theirs before either applied would each undo the other.
    locked: list[bool] = []
    lock = platform.paths.locks / "proxy"
    compute, apply = routes.compute, fake_proxy.apply

    def note() -> None:
        with lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                locked.append(True)
            else:
                locked.append(False)

    def noted_compute(given: Platform, *, changed: str = "") -> list[Route]:
        note()
        return compute(given, changed=changed)

    def noted_apply(given: Sequence[Route], *, changed: str = "") -> int:
        note()
        return apply(given, changed=changed)

    monkeypatch.setattr(routes, "compute", noted_compute)
    monkeypatch.setattr(fake_proxy, "apply", noted_apply)
    routes.apply(platform)
    assert locked == [True, True]
    note()
    assert locked[-1] is False


def test_an_app_whose_hosts_no_plugin_can_tell_holds_up_no_other(
    platform: Platform, fake_proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.store.apps.create(BLOG)
    hosts = {SHOP: "shop.example.test", BLOG: "blog.example.test"}
    monkeypatch.setattr(platform.hooks, "vhosts", lambda *, app: [HostName(hosts[app])])
    routes.apply(platform)

    def broken(*, app: AppName) -> list[HostName]:
        if app == BLOG:
            raise PluginError("The plugin bad cannot tell.")
        return [HostName("new.example.test")]

    monkeypatch.setattr(platform.hooks, "vhosts", broken)
    routes.apply(platform, changed=SHOP)

    assert {route.app: route.hosts for route in fake_proxy.applied[-1]} == {
        SHOP: ("new.example.test",),
        BLOG: ("blog.example.test",),
    }
    assert [warning.message for warning in platform.hooks.warnings] == [
        "The plugin bad cannot tell."
    ]
    with pytest.raises(PluginError):
        routes.apply(platform, changed=BLOG)


def telling_hosts(platform: Platform, hosts: Callable[[], list[HostName]]) -> None:
    plugin = ModuleType("telling")
    vars(plugin)["vhosts"] = hookimpl(hosts)
    platform.hooks.add("telling", plugin)


def test_plugins_are_asked_in_the_background_of_a_block(platform: Platform) -> None:
    asked = threading.Event()

    def hosts() -> list[HostName]:
        asked.set()
        return []

    telling_hosts(platform, hosts)
    with routes.prepared(platform, SHOP):
        assert asked.wait(20)


def test_a_plugin_that_fails_in_the_background_is_told_when_it_is_needed(
    platform: Platform,
) -> None:
    def hosts() -> list[HostName]:
        raise RuntimeError("no hosts today")

    telling_hosts(platform, hosts)
    with routes.prepared(platform, SHOP):
        pass
    with pytest.raises(PluginError, match="no hosts today"):
        routes.apply(platform, changed=SHOP)
