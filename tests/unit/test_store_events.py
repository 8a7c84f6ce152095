"""Events: written with the change they tell of, forgotten with it, given out once."""

from __future__ import annotations

import threading
import time
from types import ModuleType

import pytest

from dokkupy.hookspecs import hookimpl
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.platform import Platform
from dokkupy.store import Store
from dokkupy.types import Event

SHOP = AppName("shop")


def verbs(events: list[Event]) -> list[str]:
    return [event.verb for event in events]


def test_an_event_says_who_did_what_when(store: Store) -> None:
    before = time.time()
    store.events.add("app.poked", "shop", {"times": 2})
    [event] = store.events.list()
    assert (event.actor, event.verb, event.app, event.data) == (
        "ann",
        "app.poked",
        "shop",
        {"times": 2},
    )
    assert before <= event.at <= time.time()


def test_fresh_events_are_given_once_and_in_order(store: Store) -> None:
    store.apps.create(SHOP)
    store.config.change(SHOP, {"A": "1"})
    assert verbs(store.events.fresh()) == ["app.created", "config.changed"]
    assert store.events.fresh() == []


def test_the_events_of_a_failed_transaction_are_forgotten(store: Store) -> None:
    def fail() -> None:
        with store.write():
            store.apps.create(SHOP)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert store.events.fresh() == []
    assert store.events.list() == []
    store.events.add("later")
    assert verbs(store.events.fresh()) == ["later"]


def test_a_failed_transaction_forgets_no_event_of_another_thread(store: Store) -> None:
    inside, go_on = threading.Event(), threading.Event()
    given: list[list[str]] = []

    def slow() -> None:
        store.events.add("committed")
        inside.set()
        go_on.wait(10)
        given.append(verbs(store.events.fresh()))
        store.close()

    def fail() -> None:
        with store.write():
            store.events.add("undone")
            raise KeyError

    thread = threading.Thread(target=slow)
    thread.start()
    assert inside.wait(10)
    with pytest.raises(KeyError):
        fail()
    go_on.set()
    thread.join()
    assert given == [["committed"]]


def test_a_listing_ends_with_the_newest(store: Store) -> None:
    for number in range(5):
        store.events.add(f"v.{number}")
    assert verbs(store.events.list(limit=2)) == ["v.3", "v.4"]
    assert verbs(store.events.list()) == [f"v.{number}" for number in range(5)]


def test_a_listing_is_narrowed_by_app_and_by_verb_or_its_beginning(store: Store) -> None:
    for verb, app in [
        ("release.live", "shop"),
        ("release.failed", "shop"),
        ("release.live", "blog"),
        ("releases", "shop"),
        ("app.created", "shop"),
    ]:
        store.events.add(verb, app)
    assert verbs(store.events.list(app="shop", verb="release")) == [
        "release.live",
        "release.failed",
    ]
    assert verbs(store.events.list(verb="release.live")) == ["release.live", "release.live"]
    assert verbs(store.events.list(app="blog")) == ["release.live"]
    assert store.events.list(app="nobody") == []
    assert store.events.list(verb="' OR 1=1 --") == []


def test_a_listing_is_narrowed_by_actor_moment_and_what_has_been_seen(
    store: Store, paths: Paths
) -> None:
    bob = Store(paths.state_db, actor="bob")
    bob.events.add("first")
    store.events.add("second")
    bob.events.add("third")
    bob.close()
    first, second, third = store.events.list()
    assert verbs(store.events.list(actor="bob")) == ["first", "third"]
    assert verbs(store.events.list(since=second.at)) == ["second", "third"]
    assert verbs(store.events.list(since=third.at + 1)) == []
    assert verbs(store.events.list(after=first.id)) == ["second", "third"]
    assert store.events.list(after=third.id) == []
    assert store.events.newest() == third.id


def test_the_oldest_events_are_forgotten_beyond_a_bound(store: Store) -> None:
    assert store.events.newest() == 0
    for number in range(5):
        store.events.add(f"v.{number}")
    store.events.trim(5)
    assert store.events.count() == 5
    store.events.trim(2)
    assert verbs(store.events.list()) == ["v.3", "v.4"]
    store.events.add("v.5")
    assert verbs(store.events.list()) == ["v.3", "v.4", "v.5"]


def test_a_platform_tells_plugins_of_what_was_committed(paths: Paths) -> None:
    platform = Platform(paths.root, actor="bob", plugins=[])
    told: list[Event] = []
    platform.hooks.on_event = lambda *, event: told.append(event)  # type: ignore[method-assign]
    with platform.store.write():
        platform.store.apps.create(SHOP)
        assert told == []
    assert [(event.verb, event.actor) for event in told] == [("app.created", "bob")]
    platform.close()


def test_a_plugin_that_fails_when_told_undoes_nothing(platform: Platform) -> None:
    plugin = ModuleType("sulking")

    def on_event(event: Event) -> None:
        raise SystemExit(f"not {event.verb} again")

    plugin.on_event = hookimpl(on_event)  # type: ignore[attr-defined]
    platform.hooks.add("sulking", plugin)
    platform.store.apps.create(SHOP)
    assert platform.store.apps.exists(SHOP)
    assert "not app.created again" in platform.hooks.warnings[0].message
