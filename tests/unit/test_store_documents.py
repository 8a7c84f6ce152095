"""What plugins keep: any JSON value, found again by scope, noun and key."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dokkupy.names import AppName
from dokkupy.store import Store

SHOP, BLOG = AppName("shop"), AppName("blog")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(autouse=True)
def apps(store: Store) -> None:
    store.apps.create(SHOP)
    store.apps.create(BLOG)


@settings(max_examples=30)
@given(values=st.lists(json_values, min_size=1, max_size=5))
def test_a_value_comes_back_as_it_was(values: list[object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        Store.create(path)
        store = Store(path)
        for value in values:
            store.documents.set("", "noun", "key", value)
            assert store.documents.get("", "noun", "key") == value
        store.close()


def test_scope_noun_and_key_tell_values_apart(store: Store) -> None:
    store.documents.set("", "n", "k", 1)
    store.documents.set(SHOP, "n", "k", 2)
    store.documents.set(SHOP, "m", "k", 3)
    store.documents.set(SHOP, "n", "j", 4)
    assert store.documents.get("", "n", "k") == 1
    assert store.documents.get(SHOP, "n", "k") == 2
    assert store.documents.get(BLOG, "n", "k") is None
    assert store.documents.all("n", "k") == {"": 1, "shop": 2}
    assert store.documents.keys(SHOP, "n") == {"j": 4, "k": 2}
    assert store.documents.keys(BLOG, "n") == {}


def test_a_forgotten_value_is_none_and_may_be_forgotten_twice(store: Store) -> None:
    store.documents.set(SHOP, "n", "k", 1)
    store.documents.unset(SHOP, "n", "k")
    store.documents.unset(SHOP, "n", "k")
    assert store.documents.get(SHOP, "n", "k") is None
    assert store.documents.all("n", "k") == {}


def test_what_is_no_json_is_refused_before_anything_is_written(store: Store) -> None:
    store.documents.set(SHOP, "n", "k", 1)
    with pytest.raises(TypeError):
        store.documents.set(SHOP, "n", "k", {1, 2})
    assert store.documents.get(SHOP, "n", "k") == 1
