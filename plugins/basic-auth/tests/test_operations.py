from __future__ import annotations

import io
from pathlib import Path

import pytest

from dokkupy.errors import NotFound, ProxyRefused, Refused, UsageError
from dokkupy.names import AppName
from dokkupy.operations.registry import Stdin
from dokkupy.platform import Platform
from dokkupy.testing.proxy_fake import FakeProxy
from dokkupy_basic_auth import operations
from dokkupy_basic_auth.openings import Opening
from dokkupy_basic_auth.operations import LONGEST, SHORTEST, UserName

from .conftest import APP

ANNA, BELA = UserName("anna"), UserName("bela")


def rendered(platform: Platform) -> str:
    return platform.hooks.nginx_render(app=APP).get("basic-auth", "")


def typed(password: bytes = b"correct horse\n") -> Stdin:
    return Stdin(io.BytesIO(password))


def files(platform: Platform) -> list[Path]:
    return list((platform.paths.root / "basic-auth").glob("*"))


def test_nobody_is_asked_at_first(platform: Platform) -> None:
    (shown,) = operations.list_(platform)
    assert (shown.on, shown.users, shown.open) == (False, (), ())
    assert rendered(platform) == ""


def test_the_first_user_makes_the_app_ask(platform: Platform, fake_proxy: FakeProxy) -> None:
    shown = operations.add(platform, APP, ANNA, typed())
    assert (shown.on, shown.users) == (True, ("anna",))
    (file,) = files(platform)
    assert f'auth_basic_user_file "{file}";' in rendered(platform)
    assert file.read_text().startswith("anna:$6$")
    assert file.stat().st_mode & 0o777 == 0o600
    assert fake_proxy.changed == [APP]


def test_a_user_that_comes_later_does_not_switch_it_on(
    platform: Platform, fake_proxy: FakeProxy
) -> None:
    operations.add(platform, APP, ANNA, typed())
    operations.disable(platform, APP)
    assert not operations.add(platform, APP, BELA, typed()).on
    assert rendered(platform) == ""
    assert operations.enable(platform, APP).users == ("anna", "bela")
    assert len(fake_proxy.applied) == 3


def test_a_new_password_takes_the_place_of_the_old_one_and_its_file(platform: Platform) -> None:
    operations.add(platform, APP, ANNA, typed())
    (before,) = files(platform)
    operations.add(platform, APP, ANNA, typed())
    (after,) = files(platform)
    assert before != after


@pytest.mark.parametrize(
    "password",
    [
        b"",
        b"\n",
        b"x" * (SHORTEST - 1),
        b"x" * (LONGEST + 1),
        b"\xff" * SHORTEST,
        b"with\0zero.",
        b"with\ttab.",
    ],
)
def test_what_is_no_password_is_refused(platform: Platform, password: bytes) -> None:
    with pytest.raises(UsageError) as refusal:
        operations.add(platform, APP, ANNA, typed(password))
    assert refusal.value.hint
    assert not operations.list_(platform, APP)[0].users


@pytest.mark.parametrize("name", ["", "a:b", "a b", "-a", "a\n", "ä", "a" * 65, "a\0"])
def test_a_name_that_a_browser_could_not_send_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        UserName.parse(name)


def test_the_last_user_stays_while_visitors_are_asked(platform: Platform) -> None:
    operations.add(platform, APP, ANNA, typed())
    with pytest.raises(Refused) as refusal:
        operations.remove(platform, APP, ANNA)
    assert "dokkupy basic-auth disable blog" in refusal.value.hint
    operations.disable(platform, APP)
    assert operations.remove(platform, APP, ANNA).users == ()
    with pytest.raises(Refused, match="Nobody could pass"):
        operations.enable(platform, APP)
    with pytest.raises(NotFound, match="no user anna"):
        operations.remove(platform, APP, ANNA)
    assert files(platform) == []


def test_a_refused_change_is_taken_back(platform: Platform, fake_proxy: FakeProxy) -> None:
    fake_proxy.refused.add(APP)
    with pytest.raises(ProxyRefused):
        operations.add(platform, APP, ANNA, typed())
    assert rendered(platform) == ""
    assert files(platform) == []
    fake_proxy.refused.clear()
    operations.add(platform, APP, ANNA, typed())
    before = rendered(platform), files(platform)
    fake_proxy.refused.add(APP)
    with pytest.raises(ProxyRefused):
        operations.disable(platform, APP)
    with pytest.raises(ProxyRefused):
        operations.add(platform, APP, ANNA, typed())
    with pytest.raises(ProxyRefused):
        operations.open_(platform, APP, [Opening("/health")])
    assert (rendered(platform), files(platform)) == before


def test_what_is_left_open_can_be_closed(platform: Platform) -> None:
    operations.add(platform, APP, ANNA, typed())
    hooks, office = Opening("/hooks/"), Opening("192.0.2.0/24")
    assert operations.open_(platform, APP, [hooks, office]).open == (hooks, office)
    assert office.condition in rendered(platform)
    assert operations.close(platform, APP, [office]).open == (hooks,)
    with pytest.raises(NotFound, match="is not open"):
        operations.close(platform, APP, [hooks, office])
    assert operations.list_(platform, APP)[0].open == (hooks,)


def test_it_follows_its_app_and_a_clone_asks_too(platform: Platform) -> None:
    operations.add(platform, APP, ANNA, typed())
    before, clone = rendered(platform), AppName("copy")
    platform.store.apps.create(clone)
    platform.hooks.app_cloned(app=clone, origin=APP)
    assert operations.list_(platform, clone)[0].users == ("anna",)
    platform.store.apps.destroy(APP)
    platform.hooks.app_destroyed(app=APP)
    assert len(files(platform)) == 1
    platform.store.apps.rename(clone, APP)
    assert rendered(platform) == before
    platform.store.apps.destroy(APP)
    platform.hooks.app_destroyed(app=APP)
    assert files(platform) == []


def test_passwords_and_hashes_are_nowhere_but_in_store_and_file(platform: Platform) -> None:
    shown = operations.add(platform, APP, ANNA, typed(b"correct horse\n"))
    events = platform.store.events.list()
    dump = "\n".join(platform.store.database.connection.iterdump())
    assert "correct horse" not in dump + repr(shown) + repr(events)
    assert "$6$" not in repr(shown) + repr(events)
    assert [event.verb for event in events][-1] == "basic-auth.add"
