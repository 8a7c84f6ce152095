"""Settings: declared once by a plugin, kept per app and for all apps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from dokkupy.errors import NotFound, ProxyRefused, UsageError
from dokkupy.names import AppName, Scope
from dokkupy.operations import properties as operations
from dokkupy.paths import Paths
from dokkupy.platform import Platform
from dokkupy.properties import Properties

if TYPE_CHECKING:
    from tests.unit.conftest import Site

PLUGIN = """
    from dokkupy.names import HostName
    from dokkupy.types import Property, PropertyGroup

    @hookimpl
    def register_properties():
        return PropertyGroup(noun="tune", properties=(
            Property(name="size", type=int, default=5, help="How big"),
            Property(name="loud", type=bool, default=False, help="How loud"),
            Property(name="colour", type=str, choices=("red", "blue"), help="Which"),
            Property(name="limit", type=str, pattern="[0-9]+m", default="1m", help="Like 10m",
                     takes_effect="now"),
            Property(name="host", type=HostName, default="a.example", help="Where"),
            Property(name="mine", type=str, scopes="app", help="App by app"),
            Property(name="ours", type=str, scopes="global", help="For all"),
        ))
"""


@pytest.fixture
def platform(paths: Paths, site: Site) -> Iterator[Platform]:
    site.install("tune", PLUGIN)
    platform = Platform(paths.root, plugins=["tune"])
    platform.store.meta.set("root_id", "test")
    platform.store.apps.create(AppName("a"))
    yield platform
    platform.close()


@pytest.fixture
def properties(platform: Platform) -> Properties:
    return platform.properties


def test_a_value_is_the_apps_own_else_the_global_one_else_the_default(
    properties: Properties,
) -> None:
    assert properties.get("tune", "a", "size") == 5
    properties.set("tune", "", "size", "6")
    assert properties.get("tune", "a", "size") == 6
    properties.set("tune", "a", "size", "7")
    assert properties.get("tune", "a", "size") == 7
    assert properties.get("tune", "", "size") == 6
    properties.unset("tune", "a", "size")
    properties.unset("tune", "", "size")
    properties.unset("tune", "", "size")
    assert properties.get("tune", "a", "size") == 5


def test_values_have_the_declared_type(properties: Properties) -> None:
    properties.set("tune", "a", "loud", "yes")
    properties.set("tune", "a", "host", "B.example")
    assert properties.values("tune", "a") == {
        "size": 5,
        "loud": True,
        "colour": None,
        "limit": "1m",
        "host": "b.example",
        "mine": None,
        "ours": None,
    }


@pytest.mark.parametrize(
    ("key", "text", "rule"),
    [
        ("size", "big", "whole number"),
        ("loud", "very", "true or false"),
        ("colour", "green", "red, blue"),
        ("limit", "10m\n", "[0-9]+m"),
        ("host", "a..b", "host name"),
    ],
)
def test_a_text_that_breaks_the_rule_is_refused_with_the_rule_and_nothing_changes(
    properties: Properties, key: str, text: str, rule: str
) -> None:
    before = properties.values("tune", "a")
    with pytest.raises(UsageError) as caught:
        properties.set("tune", "a", key, text)
    assert rule in f"{caught.value.message} {caught.value.hint}"
    assert properties.values("tune", "a") == before


def test_a_setting_stays_in_the_scopes_that_it_is_declared_for(properties: Properties) -> None:
    with pytest.raises(UsageError) as caught:
        properties.set("tune", "", "mine", "x")
    assert caught.value.hint == "dokkupy tune set APP mine VALUE"
    with pytest.raises(UsageError) as caught:
        properties.set("tune", "a", "ours", "x")
    assert caught.value.hint == "dokkupy tune set --global ours VALUE"


@pytest.mark.parametrize(
    ("noun", "app", "key"), [("tone", "a", "size"), ("tune", "b", "size"), ("tune", "a", "sise")]
)
def test_what_does_not_exist_is_not_found(
    properties: Properties, noun: str, app: str, key: str
) -> None:
    with pytest.raises(NotFound):
        properties.set(noun, app, key, "1")
    with pytest.raises(NotFound):
        properties.unset(noun, app, key)


def test_the_settings_of_the_core_are_there_without_any_plugin(properties: Properties) -> None:
    assert properties.get("checks", "a", "drain") == 30.0


def test_a_change_is_an_event_without_its_value(platform: Platform) -> None:
    platform.properties.set("tune", "a", "mine", "hunter2")
    event = platform.store.events.list()[-1]
    assert (event.verb, event.app, dict(event.data)) == (
        "property.set",
        "a",
        {"noun": "tune", "key": "mine"},
    )


def test_a_setting_goes_with_its_app(platform: Platform) -> None:
    platform.properties.set("tune", "a", "size", "7")
    platform.store.apps.destroy(AppName("a"))
    platform.store.apps.create(AppName("a"))
    assert platform.properties.get("tune", "a", "size") == 5


def test_the_report_says_where_each_value_comes_from(platform: Platform) -> None:
    platform.properties.set("tune", "", "size", "6")
    platform.properties.set("tune", "a", "loud", "true")
    shown = {
        item.key: (item.value, item.origin)
        for item in operations.report(platform, "tune", Scope.parse("a"))
    }
    assert shown["size"] == ("6", "global")
    assert shown["loud"] == ("true", "app")
    assert shown["limit"] == ("1m", "default")
    assert shown["colour"] == ("", "default")


def test_set_without_a_value_goes_back_to_the_default(platform: Platform) -> None:
    app = Scope.parse("a")
    changed = operations.set_(platform, "tune", app, "size", "9")
    assert changed.text() == "tune size of a is 9 (app); it counts from the next deploy on."
    changed = operations.set_(platform, "tune", app, "size")
    assert changed.text() == "tune size of a is 5 (default); it counts from the next deploy on."


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the list of apps whose routes were applied; the proxy itself is not started."""
    from dokkupy import pipeline

    changed: list[str] = []

    def apply_routes(_platform: Any, *, changed: str = "", _all: list[str] = changed) -> None:
        _all.append(changed)

    monkeypatch.setattr(pipeline, "apply_routes", apply_routes)
    return changed


def test_a_setting_that_takes_effect_now_applies_the_routes(
    platform: Platform, applied: list[str]
) -> None:
    operations.set_(platform, "tune", Scope.parse("a"), "size", "9")
    assert applied == []
    operations.set_(platform, "tune", Scope.parse("a"), "limit", "9m")
    operations.set_(platform, "tune", Scope.parse("@global"), "limit", "8m")
    assert applied == ["a", ""]


@pytest.mark.parametrize("before", [None, "2m"])
def test_a_setting_that_the_proxy_refuses_is_put_back(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    from dokkupy import pipeline

    if before:
        platform.properties.set("tune", "a", "limit", before)

    def apply_routes(_platform: Any, **_rest: Any) -> None:
        assert platform.properties.get("tune", "a", "limit") == "9m"
        raise ProxyRefused("No.", app="a")

    monkeypatch.setattr(pipeline, "apply_routes", apply_routes)
    with pytest.raises(ProxyRefused):
        operations.set_(platform, "tune", Scope.parse("a"), "limit", "9m")
    assert platform.properties.own("tune", "a", "limit") == before
