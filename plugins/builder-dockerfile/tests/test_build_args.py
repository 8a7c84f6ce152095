from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy.errors import BuildFailed, NotFound, UsageError
from dokkupy.names import AppName, EnvKey
from dokkupy.operations.registry import KeyValue
from dokkupy.platform import Platform
from dokkupy.proxy import NoProxy
from dokkupy.store import Store
from dokkupy.types import EnvLayer, Rank, Source
from dokkupy_builder_dockerfile import operations

A = AppName("a")


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    platform = Platform(tmp_path / "root", proxy=NoProxy(), plugins=["builder-dockerfile"])
    platform.paths.make()
    Store.create(platform.paths.state_db)
    platform.store.apps.create(A)
    yield platform
    platform.close()


def listed(platform: Platform) -> list[tuple[str, str | None, str]]:
    return [(arg.key, arg.value, arg.source) for arg in operations.list_(platform, A)]


def build_layers(platform: Platform) -> list[EnvLayer]:
    return platform.hooks.env_compile(app=A, phase="build")


def test_set_values_are_public_for_builds_and_absent_from_runs(platform: Platform) -> None:
    value = "two\nlines, \"quotes\" 'and' $more = \N{ROCKET}"
    operations.set_(platform, A, [KeyValue.parse(f"GREETING={value}")])
    (layer,) = build_layers(platform)
    assert (layer.rank, layer.origin, layer.public) == (Rank.BUILD, "build-args", True)
    assert dict(layer.values) == {"GREETING": value}
    assert platform.hooks.env_compile(app=A, phase="run") == []


def test_an_app_without_build_arguments_gives_no_layer(platform: Platform) -> None:
    assert build_layers(platform) == []


def test_values_from_config_follow_the_config(platform: Platform) -> None:
    platform.store.config.change("", {"STAGE": "global"})
    operations.from_config(platform, A, [EnvKey("STAGE")])
    assert listed(platform) == [("STAGE", "global", "config")]
    platform.store.config.change(A, {"STAGE": "own"})
    assert listed(platform) == [("STAGE", "own", "config")]
    assert dict(build_layers(platform)[0].values) == {"STAGE": "own"}


def test_config_that_nobody_declared_never_becomes_a_build_argument(platform: Platform) -> None:
    platform.store.config.change(A, {"STAGE": "own", "PASSWORD": "secret"})
    operations.from_config(platform, A, [EnvKey("STAGE")])
    assert dict(build_layers(platform)[0].values) == {"STAGE": "own"}


def test_a_key_that_the_config_lacks_is_refused(platform: Platform) -> None:
    with pytest.raises(NotFound, match="has no STAGE") as caught:
        operations.from_config(platform, A, [EnvKey("STAGE")])
    assert caught.value.hint == "dokkupy config set a STAGE=VALUE"
    assert listed(platform) == []


def test_a_build_is_refused_when_its_config_key_is_gone(platform: Platform) -> None:
    platform.store.config.change(A, {"STAGE": "own"})
    operations.from_config(platform, A, [EnvKey("STAGE")])
    source = Source(app=A, path=Path("/nowhere"), revision="0" * 40, origin="a test")
    platform.hooks.pre_build(source=source)
    platform.store.config.change(A, {}, ["STAGE"])
    assert listed(platform) == [("STAGE", None, "config")]
    with pytest.raises(BuildFailed, match="STAGE comes from the config of a") as caught:
        platform.hooks.pre_build(source=source)
    assert "dokkupy build-args unset a STAGE" in caught.value.hint


def test_unset_forgets_and_tolerates_what_is_not_there(platform: Platform) -> None:
    operations.set_(platform, A, [KeyValue.parse("A=1"), KeyValue.parse("B=2")])
    operations.unset(platform, A, [EnvKey("A"), EnvKey("C")])
    assert listed(platform) == [("B", "2", "set")]


def test_a_set_value_replaces_the_one_from_config(platform: Platform) -> None:
    platform.store.config.change(A, {"STAGE": "own"})
    operations.from_config(platform, A, [EnvKey("STAGE")])
    operations.set_(platform, A, [KeyValue.parse("STAGE=fixed")])
    assert listed(platform) == [("STAGE", "fixed", "set")]


def test_nothing_to_do_and_unknown_apps_are_refused(platform: Platform) -> None:
    with pytest.raises(UsageError):
        operations.set_(platform, A, [])
    with pytest.raises(UsageError):
        operations.from_config(platform, A, [])
    with pytest.raises(NotFound, match="App b does not exist"):
        operations.list_(platform, AppName("b"))


def test_events_name_keys_and_never_values(platform: Platform) -> None:
    operations.set_(platform, A, [KeyValue.parse("GREETING=hello-there")])
    (event,) = platform.store.events.list(verb="build-args.changed")
    assert dict(event.data) == {"set": ["GREETING"], "unset": []}


def test_a_clone_has_the_build_arguments_of_its_origin(platform: Platform) -> None:
    operations.set_(platform, A, [KeyValue.parse("GREETING=hello")])
    clone = platform.store.apps.create(AppName("b")).name
    platform.hooks.app_cloned(app=clone, origin=A)
    operations.unset(platform, A, [EnvKey("GREETING")])
    (argument,) = operations.list_(platform, clone)
    assert (argument.key, argument.value, argument.source) == ("GREETING", "hello", "set")
