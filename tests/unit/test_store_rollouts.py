"""Rollouts in the store: how far each has come, for whoever must finish or undo it."""

from __future__ import annotations

import pytest

from dokkupy.names import AppName
from dokkupy.store import RefUpdate, RolloutState, Store

SHOP, BLOG = AppName("shop"), AppName("blog")
UPDATE = RefUpdate(ref="refs/heads/main", old="0" * 40, new="1" * 40)


@pytest.fixture(autouse=True)
def apps(store: Store) -> None:
    store.apps.create(SHOP)
    store.apps.create(BLOG)


def test_a_rollout_begins_unfinished_with_all_that_its_end_needs(store: Store) -> None:
    begun = store.rollouts.begin(SHOP, 3, 2, UPDATE)
    assert (begun.app, begun.release, begun.previous) == ("shop", 3, 2)
    assert begun.state is RolloutState.STAGING
    assert begun.ref_update == UPDATE
    assert store.rollouts.unfinished() == [begun]


def test_a_rollout_without_a_branch_moves_none(store: Store) -> None:
    assert store.rollouts.begin(SHOP, 1, 0, None).ref_update is None
    [found] = store.rollouts.unfinished(SHOP)
    assert found.ref_update is None


def test_the_unfinished_ones_come_in_order_for_one_app_or_all(store: Store) -> None:
    rows = [store.rollouts.begin(app, 1, 0, None) for app in (SHOP, BLOG, SHOP)]
    assert store.rollouts.unfinished() == rows
    assert store.rollouts.unfinished(SHOP) == [rows[0], rows[2]]


@pytest.mark.parametrize("state", RolloutState)
def test_only_the_last_states_finish_a_rollout(store: Store, state: RolloutState) -> None:
    row = store.rollouts.begin(SHOP, 1, 0, None)
    store.rollouts.reach(row, state)
    left = [found.state for found in store.rollouts.unfinished(SHOP)]
    assert left == ([] if state in (RolloutState.RETIRED, RolloutState.FAILED) else [state])


def test_the_new_release_serves_from_the_switch_on() -> None:
    assert {state for state in RolloutState if state.serves_new} == {
        RolloutState.SWITCHED,
        RolloutState.SETTLED,
        RolloutState.DRAINED,
        RolloutState.RETIRED,
    }
