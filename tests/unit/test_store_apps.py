"""Apps in the store: named once, missed with near names, destroyed with all that is theirs."""

from __future__ import annotations

import time

import pytest

from dokkupy.errors import Conflict, Locked, NotFound
from dokkupy.names import AppName, HostName, ProcessName
from dokkupy.store import RefUpdate, Store
from dokkupy.types import Environment, ProcessType, Release, Scale

SHOP, BLOG = AppName("shop"), AppName("blog")
WEB = ProcessName("web")


def release(app: AppName, number: int = 1) -> Release:
    return Release(
        app=app,
        number=number,
        image="sha256:1",
        revision="1" * 40,
        builder="dockerfile",
        processes=(ProcessType(name=WEB, port=5000),),
        env=Environment(A="1"),
        config=Environment(A="1"),
        description="push of main",
        actor="ann",
        created_at=1.5,
    )


def fill(store: Store, app: AppName) -> None:
    """Give an app a row in every table that has any of its."""
    store.apps.create(app)
    store.config.change(app, {"A": "1"})
    store.documents.set(app, "domains", "hosts", ["a.test"])
    store.releases.add(release(app))
    store.releases.add_step(app, 1, "build", 0.5)
    store.builds.begin(app, origin="push of main", revision="1" * 40, actor="ann")
    store.formation.set(app, {WEB: Scale(quantity=2)})
    store.instances.add(app, 1, WEB, 1)
    store.rollouts.begin(app, 1, 0, RefUpdate(ref="refs/heads/main", old="0", new="1"))
    store.routes.replace({name.name: [HostName("a.test")] for name in store.apps.list()})
    store.addresses.take(app, "10.9.0.0/24")


def rows(store: Store) -> dict[str, int]:
    tables = [
        row["name"]
        for row in store.database.rows(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
    ]
    connection = store.database.connection
    return {
        table: len(connection.execute(f"SELECT 1 FROM {table}").fetchall())  # noqa: S608
        for table in tables
        if table not in ("events", "meta")
    }


def test_a_new_app_is_neither_deployed_nor_stopped_nor_locked(store: Store) -> None:
    before = time.time()
    app = store.apps.create(SHOP)
    assert (app.name, app.deploy_branch, app.locked_by, app.stopped) == ("shop", "", "", False)
    assert before <= app.created_at <= time.time()
    assert store.apps.get("shop") == app
    assert isinstance(app.name, AppName)


def test_a_second_app_of_one_name_is_a_conflict_and_changes_nothing(store: Store) -> None:
    first = store.apps.create(SHOP)
    with pytest.raises(Conflict, match="App shop exists already") as error:
        store.apps.create(SHOP)
    assert error.value.hint == "Look at it: dokkupy apps report shop"
    assert store.apps.list() == [first]
    assert [event.verb for event in store.events.list()] == ["app.created"]


def test_apps_are_listed_by_name(store: Store) -> None:
    for name in ("c", "a", "b"):
        store.apps.create(AppName(name))
    assert [app.name for app in store.apps.list()] == ["a", "b", "c"]


def test_an_unknown_app_is_told_with_near_names(store: Store) -> None:
    for name in ("shop", "shoq", "blog"):
        store.apps.create(AppName(name))
    with pytest.raises(NotFound, match="App shopp does not exist") as error:
        store.apps.get("shopp")
    assert error.value.hint == "Did you mean shop or shoq?"


def test_an_unknown_app_far_from_all_others_is_told_where_to_look(store: Store) -> None:
    store.apps.create(BLOG)
    with pytest.raises(NotFound) as error:
        store.apps.get("xyz")
    assert error.value.hint == "See which exist: dokkupy apps list"


def test_an_unknown_app_on_an_empty_root_is_told_how_to_make_it(store: Store) -> None:
    with pytest.raises(NotFound) as error:
        store.apps.get("shop")
    assert error.value.hint == "Make it: dokkupy apps create shop"


def test_existence_can_be_asked(store: Store) -> None:
    store.apps.create(SHOP)
    assert store.apps.exists("shop")
    assert not store.apps.exists("shopp")
    assert not store.apps.exists("")


def test_the_global_scope_is_no_app(store: Store) -> None:
    with pytest.raises(NotFound):
        store.apps.get("")


def test_what_an_app_is_told_stays(store: Store) -> None:
    store.apps.create(SHOP)
    store.apps.set_deploy_branch(SHOP, "main")
    store.apps.set_stopped(SHOP, True)
    app = store.apps.get(SHOP)
    assert (app.deploy_branch, app.stopped) == ("main", True)
    store.apps.set_stopped(SHOP, False)
    assert not store.apps.get(SHOP).stopped
    assert [(e.verb, e.data) for e in store.events.list(app="shop")][1:] == [
        ("app.deploy-branch", {"branch": "main"}),
        ("app.stopped", {}),
        ("app.started", {}),
    ]


def test_nothing_can_be_told_to_an_unknown_app(store: Store) -> None:
    with pytest.raises(NotFound):
        store.apps.set_stopped(SHOP, True)
    with pytest.raises(NotFound):
        store.apps.set_deploy_branch(SHOP, "main")
    with pytest.raises(NotFound):
        store.apps.destroy(SHOP)
    assert store.events.list() == []


def test_a_destroyed_app_leaves_no_row_but_its_addresses_and_its_events(store: Store) -> None:
    fill(store, BLOG)
    before = rows(store)
    fill(store, SHOP)
    assert all(rows(store)[table] > before[table] for table in before if table != "keys")
    store.apps.destroy(SHOP)
    # The addresses are free when its containers are gone, which the store cannot know.
    assert rows(store) == before | {"addresses": before["addresses"] + 1}
    assert store.events.list(app="shop")[-1].verb == "app.destroyed"
    assert store.events.list(app="shop")[0].verb == "app.created"


def test_the_addresses_of_a_destroyed_app_are_forgotten_when_its_containers_are(
    store: Store,
) -> None:
    subnet = "10.9.0.0/29"
    for owner in ("shop", "shop run", "shop release", "shop-2", "shop-2 run"):
        store.addresses.take(owner, subnet)
    store.addresses.forget(SHOP)
    assert [row["owner"] for row in store.database.rows("SELECT owner FROM addresses")] == [
        "shop-2",
        "shop-2 run",
    ]


def dump(store: Store) -> str:
    """Return every row of every table but the events, as text."""
    return "\n".join(
        str(tuple(row))
        for table in rows(store)
        for row in store.database.rows(f"SELECT * FROM {table}")  # noqa: S608
    )


def test_a_renamed_app_keeps_every_row_and_leaves_none_under_its_old_name(store: Store) -> None:
    fill(store, BLOG)
    fill(store, SHOP)
    store.addresses.take("shop run", "10.9.0.0/24")
    store.addresses.take("shopping", "10.9.0.0/24")
    before = rows(store)
    store.apps.rename(SHOP, AppName("store"))
    assert rows(store) == before
    assert "'shop'" not in dump(store)
    assert store.config.get("store") == {"A": "1"}
    assert store.releases.get(AppName("store"), 1).app == "store"
    owners = {row["owner"] for row in store.database.rows("SELECT owner FROM addresses")}
    assert owners == {"blog", "store", "store run", "shopping"}
    assert not store.apps.exists("shop")
    event = store.events.list()[-1]
    assert (event.verb, event.app, event.data) == ("app.renamed", "store", {"from": "shop"})


def test_an_app_takes_no_name_that_another_has(store: Store) -> None:
    fill(store, BLOG)
    fill(store, SHOP)
    before = dump(store)
    with pytest.raises(Conflict, match="App blog exists already"):
        store.apps.rename(SHOP, BLOG)
    with pytest.raises(NotFound):
        store.apps.rename(AppName("nobody"), AppName("store"))
    assert dump(store) == before


def test_a_locked_app_tells_by_whom_and_how_to_unlock_it(store: Store) -> None:
    store.apps.create(SHOP)
    store.apps.refuse_locked(SHOP)
    store.apps.lock(SHOP, "ann", "stocktaking")
    with pytest.raises(Locked, match="App shop is locked by ann: stocktaking") as error:
        store.apps.refuse_locked(SHOP)
    assert error.value.hint == "Unlock it: dokkupy apps unlock shop"
    store.apps.lock(SHOP, "bob")
    assert store.apps.get(SHOP).locked_by == "bob"
    store.apps.unlock(SHOP)
    store.apps.unlock(SHOP)
    store.apps.refuse_locked(SHOP)
    assert [event.verb for event in store.events.list()][1:] == [
        "app.locked",
        "app.locked",
        "app.unlocked",
    ]


def test_an_app_that_does_not_exist_is_not_locked(store: Store) -> None:
    store.apps.refuse_locked(SHOP)
    with pytest.raises(NotFound):
        store.apps.lock(SHOP, "ann")
    with pytest.raises(NotFound):
        store.apps.unlock(SHOP)


def test_a_name_is_free_after_its_app_was_destroyed(store: Store) -> None:
    fill(store, SHOP)
    store.apps.destroy(SHOP)
    assert store.apps.create(SHOP).name == "shop"
    assert store.config.get(SHOP) == {}
    assert store.releases.next_number(SHOP) == 1
