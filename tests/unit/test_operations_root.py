"""Operations that stand alone: a root is made, brought up, looked into."""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.errors import Conflict, DeployFailed, NotFound, StateError, UsageError
from dokkupy.operations import root as operations
from dokkupy.operations.root import Root, Running, Subnet
from dokkupy.platform import Platform
from dokkupy.testing.engine_fake import FakeEngine
from dokkupy.testing.program import Program
from dokkupy.types import Line

if TYPE_CHECKING:
    from tests.unit.asked import Asked
    from tests.unit.shop import Shop


@pytest.fixture
def bare(tmp_path: Path, fake_engine: FakeEngine) -> Iterator[Platform]:
    """Give a platform on a folder that does not exist yet."""
    platform = Platform(tmp_path / "new" / "root", actor="ann", engine=fake_engine, plugins=[])
    yield platform
    platform.close()


def init(platform: Platform, **given: object) -> Root:
    return operations.init(platform, **given)  # type: ignore[arg-type]


# Making a root.


def test_a_new_root_has_defaults_and_an_id_of_its_own(bare: Platform) -> None:
    made = init(bare)
    assert made.root == str(bare.paths.root)
    assert (made.domain, made.http_port, made.https_port) == ("localhost", 80, 443)
    assert len(made.root_id) == 8
    assert bare.root_id == made.root_id
    assert made.text().endswith(f"Start it: dokkupy --root {bare.paths.root} up")


def test_what_is_secret_in_a_root_is_its_owners_alone(bare: Platform) -> None:
    init(bare)
    paths = bare.paths
    for private in (paths.git, paths.jobs, paths.locks, paths.run, paths.ssh, paths.log):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700, private
    assert stat.S_IMODE(paths.state_db.stat().st_mode) == 0o600


def test_what_is_given_is_kept_and_what_is_not_stays(bare: Platform) -> None:
    first = init(bare, http_port=8080, domain="a.test")
    second = init(bare, https_port=8443)
    assert second.root_id == first.root_id
    assert (second.domain, second.http_port, second.https_port) == ("a.test", 8080, 8443)


def test_making_a_root_again_touches_no_app(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    ask("init", domain="other.test")
    shop.store.meta.set("domain", "example.test")
    shop.assert_serves("one", ["web.1 of 1"])


def test_one_port_cannot_be_for_both(bare: Platform) -> None:
    with pytest.raises(UsageError, match="8080 cannot be for http and https"):
        init(bare, http_port=8080, https_port=8080)
    init(bare, http_port=8080)
    with pytest.raises(UsageError):
        init(bare, https_port=8080)
    assert bare.store.meta.get("https_port") == "443"


def test_the_domain_of_a_root_is_no_wildcard(ask: Asked) -> None:
    with pytest.raises(UsageError, match=r"\*\.a\.test"):
        ask("init", domain="*.a.test")


def test_the_subnet_is_changed_only_while_there_is_no_network(
    ask: Asked, shop: Shop, platform: Platform
) -> None:
    given = platform.store.meta.get("subnet")
    ask("init", subnet="10.99.0.0/22")
    ask("init", subnet=given)
    shop.push(web="one")
    ask("init", subnet=given)
    with pytest.raises(Conflict, match=f"network of this root is {given}") as error:
        ask("init", subnet="10.99.0.0/22")
    assert error.value.hint
    assert platform.store.meta.get("subnet") == given


def test_a_root_that_was_never_made_is_told_how(bare: Platform) -> None:
    for verb in (operations.up, operations.down):
        with pytest.raises(StateError) as error:
            next(verb(bare))
        assert error.value.hint == f"Make one: dokkupy --root {bare.paths.root} init"


@pytest.mark.parametrize("text", ["10.99.0.0/22", "192.168.7.0/29", "172.20.0.0/16"])
def test_a_network_of_a_fit_size_is_a_subnet(text: str) -> None:
    assert Subnet.parse(text) == text


@pytest.mark.parametrize(
    "text", ["", "10.0.0.1/22", "10.0.0.0/15", "10.0.0.0/30", "10.0.0.0", "::/64", "a/22", "-"]
)
def test_what_is_no_fit_network_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Subnet.parse(text)


@given(text=st.text(max_size=20) | st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}"))
def test_any_text_is_a_network_of_a_fit_size_or_refused(text: str) -> None:
    try:
        subnet = Subnet.parse(text)
    except UsageError:
        return
    assert 8 <= ipaddress.IPv4Network(subnet).num_addresses <= 65536


# Up and down.


def test_a_root_goes_down_and_comes_up(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    down = ask("down")
    assert down == Running(containers=0, proxy=False)
    assert down.text() == "No proxy runs; 0 containers run."
    up = ask("up")
    assert up == Running(containers=1, proxy=True)
    assert up.text() == "The proxy serves; 1 containers run."
    shop.assert_serves("one", ["web.1 of 1"])


# Looking.


def logs(ask: Asked, **given: Any) -> list[str]:
    ask.told.clear()
    ask("logs", app="shop", **given)
    return [item.text if isinstance(item, Line) else item.text() for item in ask.told]


def test_logs_name_the_container_of_each_line(ask: Asked, shop: Shop) -> None:
    shop.push(web=Program(listen="0.0.0.0", line=("a", "b")), worker=Program(line=("c",)))
    shop.scale(web=2, worker=1)
    assert logs(ask) == ["web.1: a", "web.1: b", "web.2: a", "web.2: b", "worker.1: c"]
    assert logs(ask, num="1") == ["web.1: b", "web.2: b", "worker.1: c"]
    assert logs(ask, process="web") == ["web.1: a", "web.1: b", "web.2: a", "web.2: b"]
    assert logs(ask, process="web.2") == ["web.2: a", "web.2: b"]


def test_logs_of_what_does_not_run_are_told_so(ask: Asked, shop: Shop) -> None:
    with pytest.raises(NotFound, match=r"App shop has no running container\.") as error:
        logs(ask)
    assert error.value.hint == "See where to push it: dokkupy git remote shop"
    shop.push(web="one", worker="two")
    with pytest.raises(NotFound, match=r"App shop has no running container worker\.") as error:
        logs(ask, process="worker")
    assert error.value.hint == "It has: web.1"
    shop.scale(web=0)
    for process, missing in {"": "web", "worker.1": "worker", "clock": "web"}.items():
        with pytest.raises(NotFound) as error:
            logs(ask, process=process)
        assert error.value.hint == f"Run one: dokkupy ps scale shop {missing}=1"
    shop.scale(web=1)
    shop.stop()
    with pytest.raises(NotFound) as error:
        logs(ask)
    assert error.value.hint == "Start it: dokkupy ps start shop"


def test_a_container_that_vanished_takes_no_other_logs_with_it(ask: Asked, shop: Shop) -> None:
    shop.push(web=Program(listen="0.0.0.0", line=("a",)))
    shop.scale(web=2)
    shop.engine.remove(shop.references()["web.1"])
    assert logs(ask) == ["web.2: a"]


def test_the_logs_of_the_newest_failure_are_kept(ask: Asked, shop: Shop) -> None:
    assert logs(ask, failed=True) == ["No container of shop has failed."]
    for word in ("first", "second"):
        with pytest.raises(DeployFailed):
            shop.push(web=Program(line=(word, "end"), exits=1))
    assert logs(ask, failed=True) == ["web.1 (release 2): second", "web.1 (release 2): end"]
    assert logs(ask, failed=True, num="1") == ["web.1 (release 2): end"]


def test_terminal_codes_in_kept_logs_are_disarmed(ask: Asked, shop: Shop) -> None:
    with pytest.raises(DeployFailed) as error:
        shop.push(web=Program(line=("\x1b]0;title\x07\x1b[2Jred",), exits=1))
    assert "\x1b" not in error.value.detail
    [line] = logs(ask, failed=True)
    assert line.isprintable()
    assert line.endswith("red")


def test_a_command_is_run_inside_a_container(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    shop.engine.program(Program(exits=3), matching="check-it")
    assert ask("enter", app="shop", container="web.1", command=["check-it"]).code == 3
    with pytest.raises(NotFound):
        ask("enter", app="shop", container="web.2")


def test_a_folder_of_other_things_becomes_no_root(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    (folder / ".ssh").mkdir(parents=True)
    (folder / "cache").mkdir()
    (folder / "letters").mkdir()
    with closing(Platform(folder)) as platform, pytest.raises(Conflict, match="such as 'letters'"):
        operations.init(platform)
    assert sorted(path.name for path in folder.iterdir()) == [".ssh", "cache", "letters"]
    (folder / "letters").rmdir()
    with closing(Platform(folder)) as platform:
        operations.init(platform)
    (folder / "letters").mkdir()
    with closing(Platform(folder)) as platform:
        assert operations.init(platform).root == str(folder)


def test_what_cannot_be_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with (
            closing(Platform(path)) as platform,
            pytest.raises(StateError, match="cannot be made: "),
        ):
            operations.init(platform)


def test_a_root_with_a_blank_in_its_path_is_quoted_where_it_is_to_be_typed(tmp_path: Path) -> None:
    with closing(Platform(tmp_path / "my root")) as platform:
        assert operations.init(platform).text().endswith(f"dokkupy --root '{tmp_path}/my root' up")
    with closing(Platform(tmp_path / "no root")) as platform, pytest.raises(StateError) as caught:
        platform.store.apps.list()
    assert caught.value.hint == f"Make one: dokkupy --root '{tmp_path}/no root' init"


def test_events_tell_who_did_what_and_are_narrowed(ask: Asked, shop: Shop) -> None:
    ask("apps create", app="blog")
    ask("config set", scope="shop", pairs=["TOKEN=hunter2"])
    found = ask("events", app="shop", verb="config")
    assert [(e.actor, e.verb, e.app, e.data) for e in found] == [
        ("test", "config.changed", "shop", {"set": ["TOKEN"], "unset": []})
    ]
    assert [e.verb for e in ask("events", num="2")] == ["app.created", "config.changed"]
    assert "hunter2" not in str(ask("events"))


def test_events_of_an_app_that_never_was_are_not_found_and_of_a_former_one_are(
    ask: Asked, shop: Shop
) -> None:
    for follow in (False, True):
        with pytest.raises(NotFound, match=r"App shap does not exist\."):
            ask("events", app="shap", follow=follow)
    shop.store.apps.destroy(shop.name)
    assert ask("events", app="shop")
