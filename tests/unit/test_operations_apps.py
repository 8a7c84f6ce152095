"""Operations on apps: made whole or not at all, listed as they are, destroyed without a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dokkupy import git, power, recovery, routes
from dokkupy.errors import (
    Conflict,
    DeployFailed,
    EngineError,
    NotFound,
    ProxyRefused,
    Refused,
    UsageError,
)
from dokkupy.names import AppName
from dokkupy.operations.apps import AppSummary
from dokkupy.testing import client
from dokkupy.testing.program import Program

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.testing.proxy_fake import FakeProxy
    from tests.unit.asked import Asked
    from tests.unit.shop import Shop

BLOG = AppName("blog")


def summary(name: str, **changes: object) -> AppSummary:
    values = {"state": "never deployed", "release": None, "domains": (f"{name}.example.test",)}
    return AppSummary(name=name, **(values | changes))  # type: ignore[arg-type]


# Making.


def test_a_new_app_has_a_repository_a_page_and_an_event(
    ask: Asked, platform: Platform, fake_proxy: FakeProxy
) -> None:
    made = ask("apps create", app="shop")
    assert (made.name, made.domains) == ("shop", ("shop.example.test",))
    assert made.remote == str(platform.paths.git / "shop.git")
    assert (platform.paths.git / "shop.git" / "HEAD").is_file()
    reply = client.get(fake_proxy.status().http_port, "shop.example.test")
    assert reply.status == 404
    assert [event.verb for event in platform.store.events.list(app="shop")] == ["app.created"]
    assert "git push dokkupy main" in made.text()


def test_a_second_app_of_one_name_is_a_conflict_and_leaves_the_first(
    ask: Asked, shop: Shop
) -> None:
    shop.push(web="one")
    with pytest.raises(Conflict):
        ask("apps create", app="shop")
    shop.assert_serves("one", ["web.1 of 1"])
    assert git.repository(shop.platform.paths, shop.name).is_dir()


def test_an_app_that_the_proxy_refuses_is_not_made(
    ask: Asked, platform: Platform, fake_proxy: FakeProxy
) -> None:
    fake_proxy.refused.add("shop")
    with pytest.raises(ProxyRefused):
        ask("apps create", app="shop")
    assert platform.store.apps.list() == []
    assert list(platform.paths.git.iterdir()) == []


def test_an_app_whose_repository_cannot_be_made_is_not_made(ask: Asked, platform: Platform) -> None:
    platform.paths.git.rmdir()
    platform.paths.git.write_text("in the way")
    with pytest.raises(OSError, match=r"shop\.git"):
        ask("apps create", app="shop")
    assert platform.store.apps.list() == []


@pytest.mark.parametrize("name", ["Shop", "a_b", "../a", "a;b", "-a", "a\n", "a" * 64, ""])
def test_a_bad_name_is_refused_before_anything_is_made(
    ask: Asked, platform: Platform, name: str
) -> None:
    with pytest.raises(UsageError):
        ask("apps create", app=name)
    assert platform.store.apps.list() == []


# Listing.


def test_a_listing_tells_state_release_and_domains(ask: Asked, shop: Shop) -> None:
    ask("apps create", app="blog")
    assert ask("apps list") == [summary("blog"), summary("shop")]
    shop.push(web="one")
    assert ask("apps list")[1] == summary("shop", state="running", release=1)
    shop.stop()
    assert ask("apps list")[1] == summary("shop", state="stopped", release=1)


def test_a_listing_of_no_apps_is_empty(ask: Asked) -> None:
    assert ask("apps list") == []


def test_a_failed_push_does_not_show_as_the_live_release(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    with pytest.raises(DeployFailed):
        shop.push(web=Program(exits=1))
    assert ask("apps list") == [summary("shop", state="running", release=1)]


def test_a_report_tells_all_of_one_app(ask: Asked, shop: Shop) -> None:
    shop.push(web="one", worker=Program())
    shop.scale(web=2, worker=1)
    report = ask("apps report", app="shop")
    assert (report.state, report.release, report.deploy_branch) == ("running", 1, None)
    assert report.processes == {"web": 2, "worker": 1}
    assert report.urls == (f"http://shop.example.test:{shop.proxy.status().http_port}",)
    with pytest.raises(NotFound):
        ask("apps report", app="shpo")


# Destroying.


def destroy(ask: Asked) -> None:
    ask("apps destroy", app="shop", force=True)


def assert_nothing_left(shop: Shop) -> None:
    platform = shop.platform
    assert not shop.store.apps.exists("shop")
    assert shop.containers() == []
    assert shop.engine.images({"dokkupy.app": "shop"}) == []
    assert not git.repository(platform.paths, shop.name).exists()
    assert not recovery.failed_logs(platform, shop.name).exists()
    assert shop.store.database.rows("SELECT * FROM addresses") == []
    assert shop.proxy.applied[-1] == tuple(routes.compute(platform))
    assert shop.store.events.list(app="shop")[-1].verb == "app.destroyed"


def test_a_destroyed_app_leaves_nothing(ask: Asked, shop: Shop) -> None:
    shop.push(web="one", worker=Program())
    shop.scale(web=2, worker=1)
    with pytest.raises(DeployFailed):
        shop.push(web=Program(line=("why",), exits=1), worker=Program())
    assert recovery.failed_logs(shop.platform, shop.name).exists()
    destroy(ask)
    assert_nothing_left(shop)
    with pytest.raises(NotFound):
        destroy(ask)


def test_an_app_that_was_never_deployed_is_destroyed_too(ask: Asked, shop: Shop) -> None:
    destroy(ask)
    assert_nothing_left(shop)


def test_nothing_is_destroyed_without_being_asked_twice(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    with pytest.raises(Refused, match="apps destroy shop cannot be undone") as error:
        ask("apps destroy", app="shop")
    assert error.value.hint == "dokkupy apps destroy shop --force"
    shop.assert_serves("one", ["web.1 of 1"])


def test_a_plugin_that_objects_keeps_the_app(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")

    def object_() -> None:
        raise Refused("It is linked.")

    shop.listen(app_destroying=object_)
    with pytest.raises(Refused, match="It is linked"):
        destroy(ask)
    shop.assert_serves("one", ["web.1 of 1"])


def test_visitors_are_turned_away_before_the_containers_go(
    ask: Asked, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.push(web="one")
    remove = shop.engine.remove
    seen: list[int] = []

    def look(container: str) -> None:
        seen.append(shop.visit()[0])
        remove(container)

    monkeypatch.setattr(shop.engine, "remove", look)
    destroy(ask)
    assert seen == [503]


def test_plugins_learn_that_an_app_is_gone_whatever_the_proxy_says_of_the_others(
    ask: Asked, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bool] = []

    def refuse(*_: object, **__: object) -> None:
        raise ProxyRefused("Another app's part is wrong.")

    shop.listen(app_destroyed=lambda: told.append(shop.store.apps.exists("shop")))
    monkeypatch.setattr(shop.proxy, "apply", refuse)
    with pytest.raises(ProxyRefused):
        destroy(ask)
    assert told == [False]


def test_a_proxy_that_refuses_keeps_the_app_and_what_serves(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    shop.proxy.refused.add("shop")
    with pytest.raises(ProxyRefused):
        destroy(ask)
    shop.proxy.refused.clear()
    shop.assert_serves("one", ["web.1 of 1"])
    assert not shop.store.apps.get(shop.name).stopped


def test_a_destruction_cut_short_is_asked_for_again(
    ask: Asked, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.push(web="one", worker=Program())
    shop.scale(worker=1)
    with monkeypatch.context() as broken:

        def fail(container: str) -> None:
            raise EngineError("The container engine does not answer.")

        broken.setattr(shop.engine, "remove", fail)
        with pytest.raises(EngineError):
            destroy(ask)
    assert shop.visit()[0] == 503
    power.up(shop.platform, shop.told.append)
    assert shop.visit()[0] == 503
    destroy(ask)
    assert_nothing_left(shop)


def test_a_new_app_of_a_destroyed_apps_name_knows_nothing_of_it(ask: Asked, shop: Shop) -> None:
    shop.store.config.change("shop", {"A": "1"})
    shop.push(web="one")
    destroy(ask)
    ask("apps create", app="shop")
    assert shop.visit()[0] == 404
    assert ask("releases list", app="shop") == []
    assert ask("config show", scope="shop") == []
    assert shop.push(web="new").release == 1
    shop.assert_serves("new", ["web.1 of 1"])
