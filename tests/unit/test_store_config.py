"""Config in the store: per app and global, changed in one step, told of without values."""

from __future__ import annotations

import json
import sqlite3

import pytest

from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.store import Store

SHOP, BLOG = AppName("shop"), AppName("blog")
SECRET = "hunter2"


def test_scopes_do_not_see_each_other(store: Store) -> None:
    store.apps.create(SHOP)
    store.apps.create(BLOG)
    store.config.change("", {"A": "global"})
    store.config.change(SHOP, {"A": "shop"})
    assert store.config.get("") == {"A": "global"}
    assert store.config.get(SHOP) == {"A": "shop"}
    assert store.config.get(BLOG) == {}


def test_setting_and_unsetting_is_one_change_and_one_event(store: Store) -> None:
    store.config.change("", {"A": "1", "B": "2", "C": "3"})
    assert store.config.change("", {"A": "9", "B": "2", "D": "4"}, ["C", "X"])
    assert store.config.get("") == {"A": "9", "B": "2", "D": "4"}
    assert [event.data for event in store.events.list()] == [
        {"set": ["A", "B", "C"], "unset": []},
        {"set": ["A", "D"], "unset": ["C"]},
    ]


def test_what_changes_nothing_is_no_event(store: Store) -> None:
    store.config.change("", {"A": "1"})
    assert not store.config.change("", {"A": "1"}, ["X"])
    assert not store.config.change("", {})
    assert len(store.events.list()) == 1


def test_a_key_both_unset_and_set_has_the_new_value(store: Store) -> None:
    store.config.change("", {"A": "1"})
    store.config.change("", {"A": "2"}, ["A"])
    assert store.config.get("") == {"A": "2"}


@pytest.mark.parametrize(
    "value",
    ["", " a ", "a\nb\r\n", "'\"$`\\", "a=b", "\N{PARTY POPPER}", "x" * 128 * 1024, "NULL", "1e3"],
    ids=lambda value: ascii(value[:10]),
)
def test_a_value_comes_back_to_the_byte(store: Store, value: str) -> None:
    store.config.change("", {"A": value})
    assert store.config.get("") == {"A": value}


def test_keys_come_in_order(store: Store) -> None:
    store.config.change("", {"C": "", "A": "", "B": ""})
    assert list(store.config.get("")) == ["A", "B", "C"]


def test_no_value_shows_in_events_or_in_what_is_returned(store: Store) -> None:
    store.config.change("", {"TOKEN": SECRET})
    store.config.change("", {}, ["TOKEN"])
    assert SECRET not in json.dumps([dict(event.data) for event in store.events.list()])
    store.config.change("", {"TOKEN": SECRET})
    assert SECRET not in repr(store.config.get(""))


def test_an_app_that_does_not_exist_has_no_config_and_gets_none(store: Store) -> None:
    assert store.config.get("nobody") == {}
    with pytest.raises(sqlite3.IntegrityError):
        store.config.change("nobody", {"A": "1"})
    assert store.events.list() == []


def test_two_who_change_different_keys_both_succeed(paths: Paths, store: Store) -> None:
    other = Store(paths.state_db)
    store.config.change("", {"A": "1"})
    other.config.change("", {"B": "2"})
    assert store.config.get("") == {"A": "1", "B": "2"}
    other.close()
