"""The formation, the routed hosts, the ssh keys and the facts of a root: small tables."""

from __future__ import annotations

import pytest

from dokkupy.errors import Conflict, NotFound
from dokkupy.names import AppName, HostName, ProcessName
from dokkupy.store import Store
from dokkupy.types import Scale

SHOP, BLOG = AppName("shop"), AppName("blog")
WEB, WORKER = ProcessName("web"), ProcessName("worker")
HOST = HostName("shop.test")


@pytest.fixture(autouse=True)
def apps(store: Store) -> None:
    store.apps.create(SHOP)
    store.apps.create(BLOG)


def test_a_formation_is_decided_process_by_process(store: Store) -> None:
    web = Scale(quantity=2, memory=2**30, cpus=1.5, pids=64)
    store.formation.set(SHOP, {WEB: web, WORKER: Scale(quantity=1)})
    store.formation.set(SHOP, {WORKER: Scale(quantity=0)})
    assert store.formation.get(SHOP) == {WEB: web, WORKER: Scale(quantity=0)}
    assert store.formation.get(BLOG) == {}
    assert all(isinstance(name, ProcessName) for name in store.formation.get(SHOP))


def test_a_changed_formation_is_an_event(store: Store) -> None:
    store.formation.set(SHOP, {WEB: Scale(quantity=2)})
    assert store.events.list(verb="formation.changed")[0].data == {"web": 2}


def test_routed_hosts_are_replaced_as_a_whole(store: Store) -> None:
    store.routes.replace({"shop": [HOST, HostName("*.shop.test")], "blog": []})
    assert store.routes.all() == {"shop": ["shop.test", "*.shop.test"], "blog": []}
    store.routes.replace({"blog": [HOST]})
    assert store.routes.all() == {"blog": ["shop.test"]}
    assert isinstance(store.routes.all()["blog"][0], HostName)


def test_hosts_with_a_certificate_are_known_as_of_the_last_routes(store: Store) -> None:
    assert store.routes.secure("shop") == []
    store.routes.replace({"shop": [HOST, HostName("*.shop.test")]}, secure={"shop": [HOST]})
    assert store.routes.secure("shop") == [HOST]
    store.routes.replace({"shop": [HOST]})
    assert store.routes.secure("shop") == []


def test_an_app_destroyed_meanwhile_is_left_out_of_the_routed_hosts(store: Store) -> None:
    store.apps.destroy(SHOP)
    store.routes.replace({"shop": [HOST], "blog": [HOST]})
    assert store.routes.all() == {"blog": ["shop.test"]}


def test_a_key_is_let_in_once_by_name_and_by_fingerprint(store: Store) -> None:
    key = store.keys.add("ann", "SHA256:a", "ssh-ed25519 AAAA")
    for name, fingerprint in (("ann", "SHA256:b"), ("bob", "SHA256:a")):
        with pytest.raises(Conflict) as error:
            store.keys.add(name, fingerprint, "ssh-ed25519 BBBB")
        assert error.value.hint == "See which there are: dokkupy ssh-keys list"
    assert store.keys.list() == [key]


def test_keys_come_by_name_and_go_with_an_event(store: Store) -> None:
    for name in ("bob", "ann"):
        store.keys.add(name, f"SHA256:{name}", f"ssh-ed25519 {name}")
    assert [key.name for key in store.keys.list()] == ["ann", "bob"]
    store.keys.remove("bob")
    assert [key.name for key in store.keys.list()] == ["ann"]
    assert [(e.verb, e.data["name"]) for e in store.events.list(verb="key")] == [
        ("key.added", "bob"),
        ("key.added", "ann"),
        ("key.removed", "bob"),
    ]
    with pytest.raises(NotFound):
        store.keys.remove("bob")
    assert len(store.events.list(verb="key.removed")) == 1


def test_a_fact_of_the_root_is_its_last_value_or_the_default(store: Store) -> None:
    assert store.meta.get("domain") == ""
    assert store.meta.get("http_port", "80") == "80"
    store.meta.set("http_port", "8080")
    store.meta.set("http_port", "8081")
    assert store.meta.get("http_port", "80") == "8081"
