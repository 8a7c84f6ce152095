"""The ledger: numbered, whole, appended to, and changed in its states alone."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

import pytest

from dokkupy.errors import NotFound
from dokkupy.names import AppName, ProcessName
from dokkupy.store import Store
from dokkupy.types import Check, Environment, ProcessType, Release, ReleaseState

SHOP, BLOG = AppName("shop"), AppName("blog")
SECRET = "hunter2"

FIRST = Release(
    app=SHOP,
    number=1,
    image="sha256:1",
    revision="1" * 40,
    builder="dockerfile",
    processes=(
        ProcessType(
            name=ProcessName("web"),
            command=("sh", "-c", 'say "hi" \N{PARTY POPPER}\n'),
            port=8080,
            check=Check(path="/up", timeout=1.5, deadline=9.0, settle=0.25),
        ),
        ProcessType(name=ProcessName("worker")),
    ),
    env=Environment(TOKEN=SECRET, A="1\n2"),
    config=Environment(TOKEN=SECRET),
    release_task=("sh", "-c", "migrate"),
    description="push of main",
    actor="ann",
    created_at=1234.5,
)


@pytest.fixture(autouse=True)
def apps(store: Store) -> None:
    store.apps.create(SHOP)
    store.apps.create(BLOG)


def add(store: Store, number: int, state: ReleaseState = ReleaseState.PENDING) -> None:
    store.releases.add(replace(FIRST, number=number, state=state))


def test_a_release_comes_back_as_it_was_written(store: Store) -> None:
    store.releases.add(FIRST)
    found = store.releases.get(SHOP, 1)
    assert found == FIRST
    assert isinstance(found.env, Environment)
    assert isinstance(found.config, Environment)
    assert isinstance(found.processes[0].name, ProcessName)
    assert isinstance(found.app, AppName)


def test_numbers_count_up_app_by_app_whatever_became_of_the_last(store: Store) -> None:
    assert store.releases.next_number(SHOP) == 1
    add(store, 1, ReleaseState.FAILED)
    assert store.releases.next_number(SHOP) == 2
    assert store.releases.next_number(BLOG) == 1


def test_a_number_is_given_once(store: Store) -> None:
    add(store, 1)
    with pytest.raises(sqlite3.IntegrityError):
        add(store, 1)


def test_a_missing_release_is_told_with_where_to_look(store: Store) -> None:
    add(store, 1)
    for app, number in ((SHOP, 2), (BLOG, 1), (SHOP, -1)):
        with pytest.raises(NotFound, match=f"App {app} has no release {number}") as error:
            store.releases.get(app, number)
        assert error.value.hint == f"See which there are: dokkupy releases list {app}"


def test_a_listing_begins_with_the_newest(store: Store) -> None:
    for number in (1, 2, 10):
        add(store, number)
    assert [release.number for release in store.releases.list(SHOP)] == [10, 2, 1]
    assert store.releases.list(BLOG) == []


def test_the_live_release_is_the_one_in_that_state(store: Store) -> None:
    assert store.releases.live(SHOP) is None
    assert store.releases.live_numbers() == {}
    for number in (1, 2, 3):
        add(store, number)
    store.releases.set_state(SHOP, 2, ReleaseState.LIVE)
    live = store.releases.live(SHOP)
    assert live is not None
    assert live.number == 2
    assert store.releases.live_numbers() == {"shop": 2}


def test_a_state_changes_with_its_error_and_nothing_else_does(store: Store) -> None:
    store.releases.add(FIRST)
    store.releases.set_state(SHOP, 1, ReleaseState.FAILED, error="It broke.")
    failed = replace(FIRST, state=ReleaseState.FAILED, error="It broke.")
    assert store.releases.get(SHOP, 1) == failed
    store.releases.set_state(SHOP, 1, ReleaseState.LIVE)
    assert store.releases.get(SHOP, 1) == replace(FIRST, state=ReleaseState.LIVE)


def test_each_change_of_a_state_is_an_event_without_secrets(store: Store) -> None:
    store.releases.add(FIRST)
    store.releases.set_state(SHOP, 1, ReleaseState.LIVE)
    store.releases.set_state(SHOP, 1, ReleaseState.FAILED, error="It broke.")
    events = store.events.list(app="shop", verb="release")
    assert [(event.verb, event.data) for event in events] == [
        ("release.created", {"release": 1}),
        ("release.live", {"release": 1}),
        ("release.failed", {"release": 1, "error": "It broke."}),
    ]
    assert SECRET not in json.dumps([dict(event.data) for event in events])


def test_steps_keep_their_order_and_stay_with_their_release(store: Store) -> None:
    add(store, 1)
    add(store, 2)
    for name in ("build", "stage", "build"):
        store.releases.add_step(SHOP, 1, name, 0.25)
    store.releases.add_step(SHOP, 2, "stage", 1.0)
    assert [(s.name, s.seconds) for s in store.releases.steps(SHOP, 1)] == [
        ("build", 0.25),
        ("stage", 0.25),
        ("build", 0.25),
    ]
    assert [s.name for s in store.releases.steps(SHOP, 2)] == ["stage"]
    assert store.releases.steps(BLOG, 1) == []


def test_the_pending_releases_of_one_app_or_of_all_can_be_asked_for(store: Store) -> None:
    add(store, 1, ReleaseState.LIVE)
    add(store, 2)
    store.releases.add(replace(FIRST, app=BLOG))
    assert [(r.app, r.number) for r in store.releases.pending()] == [("blog", 1), ("shop", 2)]
    assert [(r.app, r.number) for r in store.releases.pending(SHOP)] == [("shop", 2)]


def made_of(store: Store, number: int, image: str, app: AppName = SHOP) -> None:
    store.releases.add(replace(FIRST, app=app, number=number, image=image))


def gone(store: Store) -> list[int]:
    return [release.number for release in store.releases.list(SHOP) if release.image_gone]


def test_an_image_is_gone_when_no_release_of_the_app_has_its_tag_any_more(store: Store) -> None:
    for number, image in ((1, "a"), (2, "a"), (3, "b")):
        made_of(store, number, image)
    made_of(store, 1, "a", BLOG)
    store.releases.set_pruned(SHOP, 1)
    assert gone(store) == []
    store.releases.set_pruned(SHOP, 2)
    assert gone(store) == [2, 1]
    assert store.releases.get(SHOP, 1).image_gone
    assert not store.releases.get(BLOG, 1).image_gone
    made_of(store, 4, "a")
    assert gone(store) == []


def test_the_tagged_releases_are_those_that_were_not_pruned_newest_first(store: Store) -> None:
    for number in (1, 2, 3):
        add(store, number)
    made_of(store, 1, "a", BLOG)
    store.releases.set_pruned(SHOP, 2)
    assert [release.number for release in store.releases.tagged(SHOP)] == [3, 1]
