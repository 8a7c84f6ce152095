"""Addresses: handed out in a circle, to one holder at a time, and never a reserved one."""

from __future__ import annotations

import ipaddress
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dokkupy.errors import EngineError
from dokkupy.names import AppName
from dokkupy.store import Store

SHOP, BLOG = AppName("shop"), AppName("blog")
SMALL = "10.9.0.0/29"
"""Five addresses for containers: .2 to .6."""


@contextmanager
def fresh_store() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        Store.create(path)
        store = Store(path)
        yield store
        store.close()


def take(store: Store, times: int = 1, owner: str = SHOP) -> list[str]:
    return [store.addresses.take(owner, SMALL).removeprefix("10.9.0.") for _ in range(times)]


def test_addresses_come_one_after_the_other(store: Store) -> None:
    assert take(store, 5) == ["2", "3", "4", "5", "6"]


def test_one_given_back_comes_again_only_after_all_others(store: Store) -> None:
    take(store, 3)
    store.addresses.give_back("10.9.0.2")
    store.addresses.give_back("10.9.0.4")
    assert take(store, 4) == ["5", "6", "2", "4"]


def test_one_that_comes_and_goes_walks_the_whole_circle(store: Store) -> None:
    walked = []
    for _ in range(7):
        [last] = take(store)
        walked.append(last)
        store.addresses.give_back(f"10.9.0.{last}")
    assert walked == ["2", "3", "4", "5", "6", "2", "3"]


def test_a_full_subnet_is_refused_until_one_is_given_back(store: Store) -> None:
    take(store, 5)
    with pytest.raises(EngineError, match=r"All addresses of 10\.9\.0\.0/29 are in use") as error:
        take(store)
    assert error.value.hint
    # The one handed out last, too: the circle closes where it stands.
    store.addresses.give_back("10.9.0.6")
    assert take(store) == ["6"]


def test_giving_back_what_nobody_holds_is_fine(store: Store) -> None:
    store.addresses.give_back("10.9.0.2")
    store.addresses.give_back("")
    assert take(store) == ["2"]


def test_a_transaction_that_fails_hands_out_nothing(store: Store) -> None:
    def fail() -> None:
        with store.write():
            take(store, 2)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert take(store) == ["2"]


def test_an_app_keeps_only_what_its_containers_hold(store: Store) -> None:
    take(store, 2)
    take(store, 1, BLOG)
    take(store, 1, f"{SHOP} run")
    store.addresses.keep_only(SHOP, {"10.9.0.3", "10.9.0.99", ""})
    # .2 is free again; another app's and a one-off's are not this app's to free.
    assert take(store, 2) == ["6", "2"]


def test_a_changed_subnet_starts_a_circle_of_its_own(store: Store) -> None:
    take(store, 3)
    assert store.addresses.take(SHOP, "10.8.0.0/30") == "10.8.0.2"
    with pytest.raises(EngineError):
        store.addresses.take(SHOP, "10.8.0.0/30")


def test_threads_that_ask_at_once_get_different_ones(store: Store) -> None:
    got: list[str] = []

    def ask() -> None:
        got.extend(store.addresses.take(SHOP, "10.7.0.0/22") for _ in range(10))
        store.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 60


@settings(max_examples=15)
@given(
    prefix=st.integers(27, 29),
    moves=st.lists(st.none() | st.integers(0, 40), min_size=1, max_size=40),
)
def test_no_address_has_two_holders_or_is_the_networks_own(
    prefix: int, moves: list[int | None]
) -> None:
    network = ipaddress.IPv4Network(f"10.6.0.0/{prefix}")
    room = network.num_addresses - 3  # network, gateway, broadcast
    held: list[str] = []
    with fresh_store() as store:
        for move in moves:
            if move is not None and held:
                store.addresses.give_back(held.pop(move % len(held)))
            elif len(held) == room:
                with pytest.raises(EngineError):
                    store.addresses.take(SHOP, str(network))
            else:
                address = store.addresses.take(SHOP, str(network))
                assert address not in held
                assert ipaddress.ip_address(address) in list(network.hosts())[1:]
                held.append(address)
