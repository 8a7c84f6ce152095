"""The operations on a root of its own, with its real nginx."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dokkupy import hookimpl, routes
from dokkupy.errors import NotFound, ProxyRefused, UsageError
from dokkupy.names import AppName, HostName, Scope
from dokkupy.operations.properties import set_
from dokkupy.platform import Platform
from dokkupy.store import Store
from dokkupy.testing import client
from dokkupy.testing.patience import eventually
from dokkupy.types import Line, Stream
from dokkupy_core_nginx import operations

ONE, TWO = AppName("one"), AppName("two")


@pytest.fixture
def port() -> int:
    return client.free_port()


@pytest.fixture
def snippets() -> dict[str, str]:
    """Give what a plugin adds: app -> directives."""
    return {}


@pytest.fixture
def platform(tmp_path: Path, port: int, snippets: dict[str, str]) -> Iterator[Platform]:
    """Give a root with two apps under `APP.test`, on loopback alone."""
    platform = Platform(tmp_path / "root", plugins=["core-nginx"])
    platform.paths.make()
    Store.create(platform.paths.state_db)
    platform.store.meta.set("http_port", str(port))

    @hookimpl
    def vhosts(app: AppName) -> list[HostName]:
        return [HostName(f"{app}.test")]

    @hookimpl
    def nginx_render(app: AppName) -> str | None:
        return snippets.get(app)

    module = ModuleType("companion")
    module.__dict__.update(vhosts=vhosts, nginx_render=nginx_render)
    platform.hooks.add("companion", module)
    platform.properties.set("nginx", "", "bind-address-ipv4", "127.0.0.1")
    platform.properties.set("nginx", "", "bind-address-ipv6", "none")
    for app in (ONE, TWO):
        platform.store.apps.create(app)
    yield platform
    platform.proxy.stop()
    platform.close()


def text_of(stream: Stream[None]) -> str:
    return "\n".join(line.text for line in stream if isinstance(line, Line))


def test_status_tells_how_to_start(platform: Platform) -> None:
    status = operations.status(platform)
    assert (status.running, status.pid, status.workers) == (False, 0, 0)
    assert "dokkupy up" in status.text()


def test_reload_starts_and_renders_anew(platform: Platform, port: int) -> None:
    status = operations.reload(platform)
    assert (status.running, status.generation, status.http_port) == (True, 1, port)
    assert status.workers > 0
    assert str(status.pid) in status.text()
    assert client.get(port, "one.test").status == 404
    assert operations.reload(platform).generation == 2


def test_status_tells_what_is_refused(
    platform: Platform, port: int, snippets: dict[str, str]
) -> None:
    operations.reload(platform)
    snippets["one"] = "no_such_directive;"
    with pytest.raises(ProxyRefused, match="the plugin companion adds") as refusal:
        routes.apply(platform, changed="one")
    assert "no_such_directive" in refusal.value.detail
    routes.apply(platform, changed="two")
    assert client.get(port, "one.test").status == 404
    assert "Refused: one: " in operations.status(platform).text()


def test_show_config_shows_what_plugins_add(platform: Platform, snippets: dict[str, str]) -> None:
    with pytest.raises(NotFound, match="no configuration"):
        operations.show_config(platform, ONE)
    snippets["one"] = "add_header X-Mark one;"
    operations.reload(platform)
    text = operations.show_config(platform, ONE).text()
    assert "server_name one.test;" in text
    assert "# what the plugin companion adds:\nadd_header X-Mark one;" in text
    assert "two.test" not in text
    with pytest.raises(NotFound, match="does not exist"):
        operations.show_config(platform, AppName("three"))


def test_access_logs_are_there_once_they_are_on(platform: Platform, port: int) -> None:
    operations.reload(platform)
    with pytest.raises(NotFound) as missing:
        text_of(operations.access_logs(platform, ONE))
    assert missing.value.hint == "dokkupy nginx set one access-log on"
    set_(platform, "nginx", Scope("one"), "access-log", "on")
    for number in range(3):
        client.get(port, "one.test", f"/{number}")
    eventually(lambda: "GET /2 " in text_of(operations.access_logs(platform, ONE)))
    assert len(list(operations.access_logs(platform, ONE, num=1))) == 1


def test_error_logs_are_of_one_app_or_of_all(
    platform: Platform, port: int, snippets: dict[str, str]
) -> None:
    snippets["one"] = "location /down { proxy_pass http://app-one; }"
    operations.reload(platform)
    assert client.get(port, "one.test", "/down").status == 502
    eventually(
        lambda: "no live upstreams" in text_of(operations.error_logs(platform, Scope("one")))
    )
    assert "no live upstreams" in text_of(operations.error_logs(platform, Scope("")))
    assert text_of(operations.error_logs(platform, Scope("two"))) == ""


def test_a_setting_takes_effect_at_once(platform: Platform, port: int) -> None:
    operations.reload(platform)
    set_(platform, "nginx", Scope("one"), "headers", 'X-Mark: "; return 200 $host')
    assert client.get(port, "one.test").headers["x-mark"] == '"; return 200 $host'
    assert "x-mark" not in client.get(port, "two.test").headers
    set_(platform, "nginx", Scope("one"), "headers", None)
    assert "x-mark" not in client.get(port, "one.test").headers


def test_a_global_setting_reaches_every_app_without_its_own(platform: Platform, port: int) -> None:
    operations.reload(platform)
    set_(platform, "nginx", Scope("one"), "headers", "X-Mark: one")
    set_(platform, "nginx", Scope(""), "headers", "X-Mark: all")
    marks = [client.get(port, f"{app}.test").headers["x-mark"] for app in (ONE, TWO)]
    assert marks == ["one", "all"]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("client-max-body-size", "1m; include /etc/passwd"),
        ("client-max-body-size", "-1"),
        ("client-max-body-size", "1m\n"),
        ("proxy-read-timeout", "0"),
        ("proxy-read-timeout", "1 s"),
        ("proxy-buffering", "yes"),
        ("proxy-buffer-size", "0k"),
        ("keepalive", "many"),
        ("keepalive", "\uff11"),
        ("headers", "X-A: a\rX-B: b"),
        ("hsts-max-age", "99999999999"),
    ],
)
def test_a_value_that_nginx_could_misread_is_refused(
    platform: Platform, key: str, text: str
) -> None:
    with pytest.raises(UsageError):
        set_(platform, "nginx", Scope("one"), key, text)
    assert platform.properties.own("nginx", "one", key) is None


@pytest.mark.parametrize(
    "text", ["", "localhost", "1.2.3.4:80", "999.1.1.1", "fe80::1%eth0", "a;b"]
)
def test_an_address_to_listen_on_is_an_ip_address(platform: Platform, text: str) -> None:
    with pytest.raises(UsageError):
        set_(platform, "nginx", Scope(""), "bind-address-ipv4", text)
