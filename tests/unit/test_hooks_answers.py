"""What becomes of the answers of several plugins to one hook."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from dokkupy.errors import PluginError
from dokkupy.hooks import Hooks
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.types import Rank

from .plugin_texts import hosts, noting

if TYPE_CHECKING:
    from tests.unit.conftest import Site

APP = AppName("a")


def certificate(place: str) -> str:
    return f"""
    from pathlib import Path
    from dokkupy.types import Certificate
    @hookimpl
    def certificate_for(platform):
        place = platform.paths.root / "{place}"
        return Certificate(chain=place / "server.crt", key=place / "server.key", names=())
    """


def test_a_certificate_is_the_first_that_a_plugin_has(
    site: Site, hooks_of: Callable[..., Hooks], paths: Paths
) -> None:
    site.install("one", noting("one", "certificate_for"))
    site.install("two", certificate("certs/1f"))
    site.install("zwei", certificate("certs/2f"))
    found = hooks_of("two", "zwei").certificate_for(app=APP)
    assert found
    assert found.key == paths.root / "certs" / "1f" / "server.key"
    assert hooks_of().certificate_for(app=APP) is None


@pytest.mark.parametrize("place", ["/etc/ssl", "..", "certs/../..", "a b", "a$b", "a;b", "a/\\nb"])
def test_a_certificate_in_a_place_that_means_something_is_refused(
    site: Site, hooks_of: Callable[..., Hooks], place: str
) -> None:
    site.install("two", certificate(place))
    with pytest.raises(PluginError, match="dokkupy-plugin-two 1"):
        hooks_of("two").certificate_for(app=APP)


def layer(key: str, value: str, rank: str = "DEFAULT") -> str:
    return f"""
    from dokkupy.types import EnvLayer, Environment, Rank
    @hookimpl
    def env_compile():
        return [EnvLayer(rank=Rank.{rank}, origin="x", values=Environment({{"{key}": "{value}"}}))]
    """


def test_layers_of_all_plugins_are_put_together(site: Site, hooks_of: Callable[..., Hooks]) -> None:
    site.install("one", layer("A", "1"))
    site.install("two", layer("B", "2", rank="SERVICE"))
    layers = hooks_of("one", "two").env_compile(app=APP, phase="run")
    assert [(item.rank, dict(item.values)) for item in layers] == [
        (Rank.DEFAULT, {"A": "1"}),
        (Rank.SERVICE, {"B": "2"}),
    ]


def test_two_plugins_with_different_values_for_a_key_at_one_rank_are_both_named(
    site: Site, hooks_of: Callable[..., Hooks]
) -> None:
    site.install("one", layer("URL", "hunter2"))
    site.install("two", layer("URL", "hunter3"))
    with pytest.raises(PluginError) as caught:
        hooks_of("one", "two").env_compile(app=APP, phase="run")
    message = caught.value.message
    assert "one (dokkupy-plugin-one 1.2.3)" in message
    assert "two (dokkupy-plugin-two 1.2.3)" in message
    assert "URL" in message
    assert "hunter" not in message


@pytest.mark.parametrize(("value", "rank"), [("hunter2", "DEFAULT"), ("other", "SERVICE")])
def test_the_same_value_or_another_rank_is_no_conflict(
    site: Site, hooks_of: Callable[..., Hooks], value: str, rank: str
) -> None:
    site.install("one", layer("URL", "hunter2"))
    site.install("two", layer("URL", value, rank))
    assert len(hooks_of("one", "two").env_compile(app=APP, phase="run")) == 2


def test_hosts_are_listed_once_in_the_order_of_plugins(
    site: Site, hooks_of: Callable[..., Hooks]
) -> None:
    site.install("one", hosts("b.example", "a.example"))
    site.install("two", hosts("a.example", "c.example"))
    assert hooks_of("one", "two").vhosts(app=APP) == ["b.example", "a.example", "c.example"]


def options(network: str, *targets: str) -> str:
    return f"""
    from dokkupy.types import ContainerOptions, Mount
    @hookimpl
    def container_options():
        mounts = tuple(Mount(source="data", target=target) for target in {targets})
        return ContainerOptions(networks=("{network}",), mounts=mounts)
    """


def test_networks_and_mounts_of_all_plugins_are_joined(
    site: Site, hooks_of: Callable[..., Hooks]
) -> None:
    site.install("one", options("db", "/a"))
    site.install("two", options("db", "/b", "/c"))
    merged = hooks_of("one", "two").container_options(app=APP, process="web")
    assert merged.networks == ("db",)
    assert [mount.target for mount in merged.mounts] == ["/a", "/b", "/c"]


def test_two_plugins_that_mount_at_one_path_are_both_named(
    site: Site, hooks_of: Callable[..., Hooks]
) -> None:
    site.install("one", options("db", "/data"))
    site.install("two", options("db", "/data"))
    with pytest.raises(PluginError, match=r"one \(.*two \(.*/data"):
        hooks_of("one", "two").container_options(app=APP, process="web")


def program(name: str, content: str) -> str:
    return f"""
    from dokkupy.types import BuildOptions
    @hookimpl
    def build_options():
        return BuildOptions(programs={{"{name}": b"{content}"}})
    """


def test_programs_of_all_plugins_are_given_to_builds(
    site: Site, hooks_of: Callable[..., Hooks]
) -> None:
    site.install("one", program("curl", "patient"))
    site.install("two", program("wget", "patient too"))
    given = hooks_of("one", "two").build_options(app=APP).programs
    assert given == {"curl": b"patient", "wget": b"patient too"}


def test_two_plugins_with_different_programs_of_one_name_are_both_named(
    site: Site, hooks_of: Callable[..., Hooks]
) -> None:
    site.install("one", program("curl", "patient"))
    site.install("two", program("curl", "hasty"))
    with pytest.raises(PluginError, match=r"one \(.*two \(.*curl"):
        hooks_of("one", "two").build_options(app=APP)


def test_a_program_that_would_lead_elsewhere_is_the_plugins_mistake(
    site: Site, hooks_of: Callable[..., Hooks]
) -> None:
    site.install("one", program("../curl", "patient"))
    with pytest.raises(PluginError, match=r"cannot be: '\.\./curl'"):
        hooks_of("one").build_options(app=APP)
