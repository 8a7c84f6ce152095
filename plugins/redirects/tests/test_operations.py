from __future__ import annotations

import pytest

from dokkupy.errors import NotFound, ProxyRefused, Refused, UsageError
from dokkupy.names import AppName, HostName
from dokkupy.platform import Platform
from dokkupy.testing.proxy_fake import FakeProxy
from dokkupy_redirects import operations
from dokkupy_redirects.keeping import Redirect

from .conftest import APP

BARE, WWW, OLD = HostName("blog.test"), HostName("www.blog.test"), HostName("old.blog.test")


def rendered(platform: Platform) -> str:
    return platform.hooks.nginx_render(app=APP).get("redirects", "")


def test_a_redirect_is_served_at_once_and_taken_away_again(
    platform: Platform, fake_proxy: FakeProxy
) -> None:
    made = operations.set_(platform, APP, WWW, BARE)
    assert made == Redirect(app=APP, host=WWW, to=BARE, code=301)
    assert 'if ($host = "www.blog.test") { return 301' in rendered(platform)
    assert operations.report(platform) == operations.report(platform, APP) == [made]
    operations.unset(platform, APP, WWW)
    assert rendered(platform) == ""
    assert operations.report(platform) == []
    assert fake_proxy.changed == [APP, APP]


def test_a_redirect_replaces_the_one_that_its_host_had(
    platform: Platform, fake_proxy: FakeProxy
) -> None:
    operations.set_(platform, APP, WWW, BARE)
    operations.set_(platform, APP, WWW, OLD, "307")
    operations.set_(platform, APP, WWW, OLD, "307")
    assert [(one.to, one.code) for one in operations.report(platform)] == [(OLD, 307)]
    assert len(fake_proxy.applied) == 2


def test_a_host_below_a_wildcard_of_the_app_may_lead_elsewhere(platform: Platform) -> None:
    operations.set_(platform, APP, HostName("a.blog.wild.test"), HostName("example.com"), "308")
    assert "return 308 $scheme://example.com$request_uri;" in rendered(platform)


def test_a_host_that_the_app_does_not_answer_at_is_refused_with_the_way(
    platform: Platform,
) -> None:
    with pytest.raises(NotFound) as refusal:
        operations.set_(platform, APP, HostName("example.com"), BARE)
    assert "dokkupy domains add blog example.com" in refusal.value.hint


@pytest.mark.parametrize(("source", "destination"), [("*.blog.wild.test", BARE), (WWW, "*.a.test")])
def test_a_wildcard_is_refused(platform: Platform, source: str, destination: str) -> None:
    with pytest.raises(UsageError, match="is a wildcard"):
        operations.set_(platform, APP, HostName(source), HostName(destination))


def test_a_circle_is_refused_and_nothing_changes(platform: Platform) -> None:
    with pytest.raises(Refused, match=r"circle: www\.blog\.test -> www\.blog\.test\."):
        operations.set_(platform, APP, WWW, WWW)
    operations.set_(platform, APP, WWW, BARE)
    operations.set_(platform, APP, BARE, OLD)
    way = r"circle: old\.blog\.test -> www\.blog\.test -> blog\.test -> old\.blog\.test\."
    with pytest.raises(Refused, match=way):
        operations.set_(platform, APP, OLD, WWW)
    assert {one.host for one in operations.report(platform)} == {WWW, BARE}


def test_a_circle_through_another_app_is_refused(platform: Platform) -> None:
    platform.store.apps.create(AppName("shop"))
    operations.set_(platform, APP, BARE, HostName("shop.test"))
    with pytest.raises(Refused, match="circle"):
        operations.set_(platform, AppName("shop"), HostName("shop.test"), BARE)


def test_a_refused_change_is_taken_back(platform: Platform, fake_proxy: FakeProxy) -> None:
    fake_proxy.refused.add(APP)
    with pytest.raises(ProxyRefused):
        operations.set_(platform, APP, WWW, BARE)
    assert operations.report(platform) == []
    fake_proxy.refused.clear()
    before = operations.set_(platform, APP, WWW, BARE)
    fake_proxy.refused.add(APP)
    with pytest.raises(ProxyRefused):
        operations.set_(platform, APP, WWW, OLD)
    with pytest.raises(ProxyRefused):
        operations.unset(platform, APP, WWW)
    assert operations.report(platform) == [before]


def test_what_has_no_redirect_cannot_lose_it(platform: Platform) -> None:
    with pytest.raises(NotFound, match="has no redirect"):
        operations.unset(platform, APP, WWW)


def test_a_redirect_follows_its_app_to_another_name(platform: Platform) -> None:
    operations.set_(platform, APP, WWW, BARE)
    platform.store.apps.rename(APP, AppName("diary"))
    assert [one.app for one in operations.report(platform)] == ["diary"]
