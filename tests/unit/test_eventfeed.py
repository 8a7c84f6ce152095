"""Events as they happen: each that is wanted, once, in order, whoever commits it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from dokkupy import eventfeed
from dokkupy.eventfeed import Filter
from dokkupy.store import Store
from dokkupy.testing.patience import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from dokkupy.paths import Paths
    from dokkupy.testing.cli import Cli


@pytest.fixture
def bob(paths: Paths) -> Iterator[Store]:
    store = Store(paths.state_db, actor="bob")
    yield store
    store.close()


def follow(paths: Paths, wanted: Filter, limit: int = eventfeed.ALL) -> list[str]:
    """Return a list to which a thread adds the verbs that it hears."""
    heard: list[str] = []

    def listen() -> None:
        store = Store(paths.state_db)
        for event in eventfeed.following(store, wanted, limit):
            if event.verb == "end":
                break
            heard.append(event.verb)
        store.close()

    threading.Thread(target=listen, daemon=True).start()
    return heard


def test_a_follower_hears_what_was_and_what_happens(paths: Paths, store: Store, bob: Store) -> None:
    for verb in ("a", "b", "c"):
        store.events.add(verb)
    heard = follow(paths, Filter(), limit=2)
    eventually(lambda: heard == ["b", "c"])
    with store.write():
        store.events.add("d")
        store.events.add("e")
    bob.events.add("f")
    eventually(lambda: heard == ["b", "c", "d", "e", "f"])
    bob.events.add("end")


def test_a_follower_hears_only_what_it_wants(paths: Paths, store: Store, bob: Store) -> None:
    heard = follow(paths, Filter(app="shop", verb="release", actor="bob"))
    store.events.add("release.live", "shop")
    bob.events.add("release.live", "blog")
    bob.events.add("config.changed", "shop")
    bob.events.add("release.failed", "shop")
    eventually(lambda: heard == ["release.failed"])
    bob.events.add("release.live", "shop")
    eventually(lambda: heard == ["release.failed", "release.live"])


def test_a_follower_misses_nothing_when_many_happen_at_once(
    paths: Paths, store: Store, bob: Store
) -> None:
    heard = follow(paths, Filter())
    for number in range(300):
        (store if number % 2 else bob).events.add(f"v{number}")
    eventually(lambda: len(heard) == 300)
    assert heard == [f"v{number}" for number in range(300)]


def command(root: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "dokkupy", "--root", str(root), *words]


def test_events_are_followed_as_lines_of_text_and_of_json(root: Path) -> None:
    store = Store(root / "state.db", actor="ann")
    store.events.add("first", "shop", {"release": 3})
    for words in ((), ("--json",)):
        process = subprocess.Popen(
            command(root, "events", "--follow", *words), stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        store.events.add("second")
        second = process.stdout.readline()
        process.kill()
        process.wait()
        process.stdout.close()
        if words:
            assert json.loads(first)["data"] == {"release": 3}
            assert json.loads(second)["verb"] == "second"
        else:
            assert first.split()[2:] == ["ann", "first", "shop", "release=3"]
            assert "second" in second
    store.close()


def test_whoever_follows_leaves_when_nobody_listens_any_more(root: Path) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen(command(root, "events", "--follow"), stdout=writing)
    os.close(writing)
    store = Store(root / "state.db")
    store.events.add("heard")
    store.close()
    assert b"heard" in os.read(reading, 100)
    os.close(reading)  # and nothing happens any more
    assert process.wait(timeout=20) == 141


def test_a_listing_is_a_json_document_and_takes_every_filter(cli: Cli, root: Path) -> None:
    cli("apps", "create", "a")
    cli("apps", "create", "b")
    listed = cli("events", "--app", "b", "--verb", "app", "--since", "1h", "--json").json
    assert [event["verb"] for event in listed] == ["app.created"]
    actor = listed[0]["actor"]
    assert len(cli("events", "--actor", actor, "--json").json) >= 2
    assert cli("events", "--actor", "nobody", "--json").json == []
    assert cli("events", "--since", "2999-01-01", "--json").json == []
    assert len(cli("events", "-n", "1", "--json").json) == 1
    assert cli("events", "--since", "yesterday").exit_code == 2
