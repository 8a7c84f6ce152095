"""Containers in the store: announced before they are there, forgotten after they are gone."""

from __future__ import annotations

import sqlite3

import pytest

from dokkupy.names import AppName, ProcessName
from dokkupy.store import Store
from dokkupy.types import Endpoint, InstanceState

SHOP, BLOG = AppName("shop"), AppName("blog")
WEB, WORKER = ProcessName("web"), ProcessName("worker")


@pytest.fixture(autouse=True)
def apps(store: Store) -> None:
    store.apps.create(SHOP)
    store.apps.create(BLOG)


def test_an_announced_container_is_staged_and_nowhere_yet(store: Store) -> None:
    instance = store.instances.add(SHOP, 3, WEB, 2)
    assert (instance.app, instance.release, instance.name) == ("shop", 3, "web.2")
    assert (instance.reference, instance.endpoint) == ("", None)
    assert instance.state is InstanceState.STAGED
    assert store.instances.list(SHOP) == [instance]


@pytest.mark.parametrize("endpoint", [Endpoint(host="10.9.0.2", port=5000), None])
def test_a_placed_container_has_its_reference_and_endpoint(
    store: Store, endpoint: Endpoint | None
) -> None:
    announced = store.instances.add(SHOP, 1, WEB, 1)
    placed = store.instances.place(announced.id, "c0ffee", endpoint)
    assert (placed.id, placed.reference, placed.endpoint) == (announced.id, "c0ffee", endpoint)
    assert store.instances.list() == [placed]


def test_some_containers_move_on_and_the_others_stay(store: Store) -> None:
    first, second, third = (store.instances.add(SHOP, 1, WEB, number) for number in (1, 2, 3))
    store.instances.set_state([first.id, third.id], InstanceState.LIVE)
    store.instances.set_state([], InstanceState.DRAINING)
    assert [(i.id, i.state) for i in store.instances.list()] == [
        (first.id, InstanceState.LIVE),
        (second.id, InstanceState.STAGED),
        (third.id, InstanceState.LIVE),
    ]


def test_a_removed_container_is_forgotten_and_its_number_never_used_again(store: Store) -> None:
    first = store.instances.add(SHOP, 1, WEB, 1)
    store.instances.remove(first.id)
    store.instances.remove(first.id)
    assert store.instances.list() == []
    assert store.instances.add(SHOP, 1, WEB, 1).id > first.id


def test_a_listing_is_by_app_process_and_ordinal(store: Store) -> None:
    for app, process, ordinal in [
        (SHOP, WORKER, 1),
        (SHOP, WEB, 10),
        (SHOP, WEB, 2),
        (BLOG, WEB, 1),
    ]:
        store.instances.add(app, 1, process, ordinal)
    assert [f"{i.app} {i.name}" for i in store.instances.list()] == [
        "blog web.1",
        "shop web.2",
        "shop web.10",
        "shop worker.1",
    ]
    assert [i.name for i in store.instances.list(BLOG)] == ["web.1"]


def test_an_unknown_app_gets_no_container(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.instances.add(AppName("nobody"), 1, WEB, 1)
