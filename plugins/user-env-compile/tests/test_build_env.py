from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy import env
from dokkupy.errors import NotFound, UsageError
from dokkupy.names import AppName, EnvKey, Scope
from dokkupy.operations.registry import KeyValue
from dokkupy.platform import Platform
from dokkupy.proxy import NoProxy
from dokkupy.store import Store
from dokkupy.types import Environment, Phase
from dokkupy_user_env_compile import operations

A = AppName("a")
OF_A, OF_ALL = Scope("a"), Scope("")


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    platform = Platform(tmp_path / "root", proxy=NoProxy(), plugins=["user-env-compile"])
    platform.paths.make()
    Store.create(platform.paths.state_db)
    platform.store.apps.create(A)
    yield platform
    platform.close()


def put(platform: Platform, scope: Scope, **values: str) -> None:
    operations.set_(platform, scope, [KeyValue(EnvKey(k), v) for k, v in values.items()])


def compiled(platform: Platform, phase: Phase) -> Environment:
    return env.merge(env.layers(platform.store, platform.hooks, A, phase))


def test_builds_have_curl_timeouts_by_default_and_runs_have_none(platform: Platform) -> None:
    build = compiled(platform, "build")
    assert (build["CURL_CONNECT_TIMEOUT"], build["CURL_TIMEOUT"]) == ("90", "600")
    assert not {"CURL_CONNECT_TIMEOUT", "CURL_TIMEOUT"} & compiled(platform, "run").keys()


def test_the_apps_value_beats_the_global_one_and_that_the_default(platform: Platform) -> None:
    put(platform, OF_ALL, CURL_TIMEOUT="1000", CURL_CONNECT_TIMEOUT="100")
    put(platform, OF_A, CURL_TIMEOUT="2000")
    build = compiled(platform, "build")
    assert (build["CURL_CONNECT_TIMEOUT"], build["CURL_TIMEOUT"]) == ("100", "2000")
    listed = {v.key: (v.value, v.source) for v in operations.list_(platform, OF_A)}
    assert listed == {
        "CURL_CONNECT_TIMEOUT": ("100", "global"),
        "CURL_TIMEOUT": ("2000", "app"),
    }


def test_the_closer_choice_wins_between_config_and_build_variables(platform: Platform) -> None:
    platform.store.config.change("", {"ALL": "global config"})
    platform.store.config.change(A, {"CURL_TIMEOUT": "7", "STAGE": "config", "OWN": "config"})
    put(platform, OF_ALL, STAGE="global build", ALL="global build")
    put(platform, OF_A, OWN="build")
    build = compiled(platform, "build")
    assert build["CURL_TIMEOUT"] == "7"
    assert build["STAGE"] == "config"
    assert build["ALL"] == "global build"
    assert build["OWN"] == "build"
    run = compiled(platform, "run")
    assert (run["ALL"], run["OWN"]) == ("global config", "config")


def test_build_variables_are_declared_public(platform: Platform) -> None:
    put(platform, OF_A, STAGE="build")
    assert all(layer.public for layer in platform.hooks.env_compile(app=A, phase="build"))


@pytest.mark.parametrize(
    "value",
    ["", " padded ", "two\nlines\r\n", "\"double\" and 'single'", "$HOME `x` \\", "a=b=c", "🚀é",
     "x" * 65536],
    ids=["empty", "spaces", "lines", "quotes", "shell", "equals", "unicode", "64KiB"],
)  # fmt: skip
def test_values_are_kept_byte_for_byte(platform: Platform, value: str) -> None:
    operations.set_(platform, OF_A, [KeyValue.parse(f"KEY={value}")])
    assert operations.get(platform, OF_A, EnvKey("KEY")) == value
    assert compiled(platform, "build")["KEY"] == value


def test_unset_lets_the_layer_below_count_again(platform: Platform) -> None:
    put(platform, OF_ALL, CURL_TIMEOUT="1000")
    put(platform, OF_A, CURL_TIMEOUT="2000")
    operations.unset(platform, OF_A, [EnvKey("CURL_TIMEOUT"), EnvKey("NEVER_SET")])
    assert compiled(platform, "build")["CURL_TIMEOUT"] == "1000"
    operations.unset(platform, OF_ALL, [EnvKey("CURL_TIMEOUT")])
    assert compiled(platform, "build")["CURL_TIMEOUT"] == "600"


def test_global_list_shows_what_every_build_gets(platform: Platform) -> None:
    put(platform, OF_ALL, STAGE="all")
    put(platform, OF_A, STAGE="own")
    assert {v.key: v.value for v in operations.list_(platform, OF_ALL)}["STAGE"] == "all"


def test_unknown_key_and_app_are_refused(platform: Platform) -> None:
    with pytest.raises(NotFound, match="no variable NOPE") as caught:
        operations.get(platform, OF_A, EnvKey("NOPE"))
    assert caught.value.hint == "dokkupy build-env set a NOPE=VALUE"
    with pytest.raises(NotFound, match="App b does not exist"):
        operations.set_(platform, Scope("b"), [KeyValue.parse("A=1")])
    with pytest.raises(UsageError, match="nothing to set"):
        operations.set_(platform, OF_A, [])


def test_values_show_in_no_repr_and_no_event(platform: Platform) -> None:
    variables = operations.set_(platform, OF_A, [KeyValue.parse("KEY=visible-nowhere")])
    assert "visible-nowhere" not in repr(variables)
    (event,) = platform.store.events.list(verb="build-env.changed")
    assert dict(event.data) == {"set": ["KEY"], "unset": []}


def test_a_clone_has_the_variables_of_its_origin(platform: Platform) -> None:
    put(platform, OF_A, KEY="value")
    clone = platform.store.apps.create(AppName("b")).name
    platform.hooks.app_cloned(app=clone, origin=A)
    assert env.merge(env.layers(platform.store, platform.hooks, clone, "build"))["KEY"] == "value"
    put(platform, OF_A, KEY="other")
    assert operations.get(platform, Scope("b"), EnvKey("KEY")) == "value"


def test_a_clone_of_an_app_without_variables_has_none(platform: Platform) -> None:
    clone = platform.store.apps.create(AppName("b")).name
    platform.hooks.app_cloned(app=clone, origin=A)
    assert platform.store.documents.keys(clone, "build-env") == {}
