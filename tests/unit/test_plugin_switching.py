"""What the proxy serves follows at once when a plugin is left out or let in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from dokkupy.errors import NotFound, ProxyRefused, Refused
from dokkupy.installing.switching import forget, stop_proxy, switch
from dokkupy.installing.uninstall import refuse_vital
from dokkupy.names import AppName
from dokkupy.operations import plugin as operations
from dokkupy.plugins import PluginState, disabled_plugins, set_disabled_plugins
from dokkupy.properties import SUFFIX
from dokkupy.services import service as services
from dokkupy.services.kind import ServiceKind
from dokkupy.services.name import ServiceName
from dokkupy.services.service import Service

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.testing.proxy_fake import FakeProxy
    from tests.unit.conftest import Site

HOSTS = """
    from dokkupy.names import HostName

    @hookimpl
    def vhosts(app):
        return [HostName(f"{app}.extra.test")]
"""


@pytest.fixture
def plugins() -> Sequence[str]:
    """Let one plugin of the test's own take part."""
    return ["extra"]


@pytest.fixture
def extra(site: Site) -> None:
    """Install that plugin; to be named before `platform`, which looks at once."""
    site.install("extra", HOSTS)


@pytest.fixture
def served(extra: None, platform: Platform) -> Platform:
    """Give a platform whose proxy serves an app under what the plugin adds."""
    platform.store.apps.create(AppName("blog"))
    platform.proxy.apply([])
    switch(platform, "extra", on=True)
    return platform


def hosts(proxy: FakeProxy) -> list[str]:
    return [host for route in proxy.applied[-1] for host in route.hosts]


def test_what_a_plugin_adds_goes_with_it_and_comes_back(
    served: Platform, fake_proxy: FakeProxy
) -> None:
    assert hosts(fake_proxy) == ["blog.extra.test"]
    assert operations.disable(served, "extra").state == "disabled"
    assert hosts(fake_proxy) == []
    assert operations.enable(served, "extra").state == "enabled"
    assert hosts(fake_proxy) == ["blog.extra.test"]
    switched = [e.data["on"] for e in served.store.events.list() if e.verb == "plugin.switched"]
    assert set(switched) == {False, True}


def test_a_plugin_with_which_an_app_cannot_be_served_stays_out(
    served: Platform, fake_proxy: FakeProxy
) -> None:
    operations.disable(served, "extra")
    fake_proxy.refused.add("blog")
    with pytest.raises(ProxyRefused) as caught:
        operations.enable(served, "extra")
    assert "blog" in caught.value.detail
    assert disabled_plugins(served.paths.root) == {"extra"}


def test_a_proxy_that_does_not_run_is_not_started(
    extra: None, platform: Platform, fake_proxy: FakeProxy
) -> None:
    operations.disable(platform, "extra")
    assert fake_proxy.applied == []


def test_what_is_forgotten_is_that_of_the_plugins_own_nouns(platform: Platform) -> None:
    platform.store.apps.create(AppName("blog"))
    documents = platform.store.documents
    for scope, noun in (("", "gone"), ("blog", f"gone{SUFFIX}"), ("blog", "kept")):
        documents.set(scope, noun, "key", 1)
    set_disabled_plugins(platform.paths.root, {"gone", "other"})
    assert forget(platform, "gone", ["gone"]) == 2
    assert documents.all("gone", "key") == documents.all(f"gone{SUFFIX}", "key") == {}
    assert documents.all("kept", "key") == {"blog": 1}
    assert disabled_plugins(platform.paths.root) == {"other"}


def state(name: str, *hooks: str, enabled: bool = True) -> PluginState:
    return PluginState(
        name=name,
        distribution=f"dokkupy-plugin-{name}",
        version="1",
        module="m",
        state="enabled" if enabled else "disabled",
        hooks=hooks,
    )


PROXY = state("one", "register_proxies")


def test_the_only_proxy_is_not_taken_from_apps() -> None:
    idle = state("two", "register_proxies", enabled=False)
    with pytest.raises(Refused, match="the only proxy") as caught:
        refuse_vital(PROXY, [PROXY, idle], apps=True)
    assert caught.value.hint == "dokkupy plugin uninstall one --force"


def test_a_proxy_may_go_where_there_is_another_or_no_app() -> None:
    refuse_vital(PROXY, [PROXY, state("two", "register_proxies")], apps=True)
    refuse_vital(PROXY, [PROXY], apps=False)


def test_a_plugin_that_is_not_there_cannot_be_uninstalled(platform: Platform) -> None:
    with pytest.raises(NotFound):
        operations.uninstall(platform, "nowhere")


def test_what_a_disabled_plugin_keeps_is_not_purged_by_guess(
    extra: None, platform: Platform
) -> None:
    operations.disable(platform, "extra")
    with pytest.raises(Refused, match="is disabled") as caught:
        operations.uninstall(platform, "extra", purge=True)
    assert "plugin enable extra" in caught.value.hint


SERVICES = """
    from dokkupy.services.kind import ServiceKind

    @hookimpl
    def register_services():
        return ServiceKind(noun="cellar", title="Cellar", port=1, server="nowhere:Cellar")
"""


def test_a_plugin_that_looks_after_services_is_not_taken_from_them(
    site: Site, platform: Platform
) -> None:
    site.install("extra", SERVICES)
    platform.hooks.forget()
    for noun in ("cellar", "other"):
        kind = ServiceKind(noun=noun, title=noun, port=1, server="nowhere:at_all")
        made = Service.fresh(kind, ServiceName("wine"), wanted="", now=0.0)
        services.add(platform, made)
    with pytest.raises(Refused, match=r"runs cellar wine\.") as caught:
        operations.uninstall(platform, "extra")
    assert "dokkupy cellar destroy wine" in caught.value.hint
    assert "dokkupy plugin uninstall extra --force" in caught.value.hint


PROXIES = """
    @hookimpl
    def register_proxies(platform):
        return None
"""


def test_a_proxy_is_stopped_with_its_plugin_and_no_other(
    site: Site, platform: Platform, fake_proxy: FakeProxy
) -> None:
    site.install("extra", PROXIES)
    platform.hooks.forget()
    assert not stop_proxy(platform, "extra")
    fake_proxy.apply([])
    assert not stop_proxy(platform, "another")
    assert fake_proxy.status().running
    assert stop_proxy(platform, "extra")
    assert not fake_proxy.status().running
