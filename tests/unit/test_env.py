"""The environment: every layer at its rank, the strongest wins, and where from can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from dokkupy import env
from dokkupy.errors import PluginError
from dokkupy.hookspecs import hookimpl
from dokkupy.names import AppName
from dokkupy.types import Environment, EnvLayer, Phase, Rank

if TYPE_CHECKING:
    from dokkupy.platform import Platform

SHOP = AppName("shop")


def contribute(platform: Platform, name: str, *layers: EnvLayer) -> None:
    """Let a plugin give these layers in the run phase."""
    plugin = ModuleType(name)

    def env_compile(phase: Phase) -> Sequence[EnvLayer]:
        return layers if phase == "run" else ()

    plugin.env_compile = hookimpl(env_compile)  # type: ignore[attr-defined]
    platform.hooks.add(name, plugin)


def layer(rank: Rank, **values: str) -> EnvLayer:
    return EnvLayer(rank=rank, origin=rank.name.lower(), values=Environment(values))


@pytest.fixture(autouse=True)
def app(platform: Platform) -> None:
    platform.store.apps.create(SHOP)


def compiled(platform: Platform, phase: Phase = "run") -> Environment:
    return env.merge(env.layers(platform.store, platform.hooks, SHOP, phase))


def test_an_app_without_anything_knows_its_name(platform: Platform) -> None:
    assert compiled(platform) == {"DOKKUPY_APP": "shop"}


def test_the_app_wins_over_all_apps_and_both_over_the_platform(platform: Platform) -> None:
    platform.store.config.change("", {"A": "global", "B": "global", "DOKKUPY_APP": "mine"})
    platform.store.config.change(SHOP, {"A": "app"})
    assert compiled(platform) == {"A": "app", "B": "global", "DOKKUPY_APP": "mine"}


def test_layers_come_by_rank_whoever_gives_them(platform: Platform) -> None:
    platform.store.config.change("", {"X": "global"})
    platform.store.config.change(SHOP, {"X": "app"})
    contribute(
        platform,
        "several",
        layer(Rank.BUILD, X="build"),
        layer(Rank.DEFAULT, X="default"),
        layer(Rank.SERVICE, X="service"),
    )
    found = env.layers(platform.store, platform.hooks, SHOP, "run")
    assert [one.rank.name for one in env.chain(found, "X")] == [
        "BUILD",
        "APP",
        "GLOBAL",
        "SERVICE",
        "DEFAULT",
    ]
    assert env.merge(found)["X"] == "build"
    assert env.chain(found, "NONE") == []


def test_a_phase_has_only_what_is_for_it(platform: Platform) -> None:
    contribute(platform, "some", layer(Rank.SERVICE, URL="mysql://"))
    assert compiled(platform)["URL"] == "mysql://"
    assert "URL" not in compiled(platform, "build")


def test_config_under_change_stands_in_for_what_is_stored(platform: Platform) -> None:
    platform.store.config.change(SHOP, {"A": "old", "B": "old"})
    changed = Environment(A="new")
    found = env.layers(platform.store, platform.hooks, SHOP, "run", app_config=changed)
    assert env.merge(found) == {"A": "new", "DOKKUPY_APP": "shop"}
    nothing = env.layers(platform.store, platform.hooks, SHOP, "run", app_config=Environment())
    assert env.merge(nothing) == {"DOKKUPY_APP": "shop"}


def test_two_plugins_that_differ_at_one_rank_are_both_named(platform: Platform) -> None:
    contribute(platform, "one", layer(Rank.SERVICE, URL="a"))
    contribute(platform, "two", layer(Rank.SERVICE, URL="b"))
    with pytest.raises(PluginError, match=r"one .* and two .* set URL"):
        compiled(platform)


def test_the_result_is_a_new_environment_that_hides_its_values(platform: Platform) -> None:
    platform.store.config.change(SHOP, {"TOKEN": "hunter2"})
    merged = compiled(platform)
    merged["TOKEN"] = "changed"
    assert compiled(platform)["TOKEN"] == "hunter2"
    assert "hunter2" not in repr(env.layers(platform.store, platform.hooks, SHOP, "run"))
