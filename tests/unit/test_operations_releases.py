"""Operations on the ledger: listed, shown and compared without showing a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dokkupy.errors import Conflict, DeployFailed, NotFound, UsageError
from dokkupy.operations.releases import Difference
from dokkupy.results import to_json
from dokkupy.testing.program import Program

if TYPE_CHECKING:
    from tests.unit.asked import Asked
    from tests.unit.shop import Shop

SECRET = "hunter2"


def test_a_listing_begins_with_the_newest_and_has_the_failed_ones(ask: Asked, shop: Shop) -> None:
    assert ask("releases list", app="shop") == []
    revision = shop.source({"web": "one"})
    shop.deploy()
    with pytest.raises(DeployFailed):
        shop.push(web=Program(exits=1))
    newest, oldest = ask("releases list", app="shop")
    assert (newest.number, newest.state) == (2, "failed")
    assert (oldest.number, oldest.state, oldest.actor) == (1, "live", "test")
    assert oldest.description == "deploy of main"
    assert oldest.revision == revision[:12]


def test_a_release_is_shown_whole_but_for_the_values_of_its_environment(
    ask: Asked, shop: Shop
) -> None:
    shop.store.config.change("shop", {"TOKEN": SECRET})
    shop.push(web="one", release=Program(exits=0))
    shown = ask("releases show", app="shop", number="1")
    assert shown.processes == {"web": "push-1-web;"}
    assert shown.release_task == "push-1-release;"
    assert shown.env_keys == ("DOKKUPY_APP", "TOKEN")
    assert [step.name for step in shown.steps][:2] == ["build", "release task"]
    assert (shown.state, shown.error, shown.builder) == ("live", "", "stand-in")
    assert SECRET not in str(to_json(shown))


def test_a_failed_release_is_shown_with_why(ask: Asked, shop: Shop) -> None:
    with pytest.raises(DeployFailed):
        shop.push(web=Program(exits=7))
    assert ask("releases show", app="shop", number="1").error == "web.1 ended with exit code 7."


def test_two_releases_differ_in_what_was_changed_between_them(ask: Asked, shop: Shop) -> None:
    shop.store.config.change("shop", {"KEPT": "1", "CHANGED": "1", "GONE": SECRET})
    shop.push(web="one", worker=Program())
    shop.store.config.change("shop", {"CHANGED": "2", "NEW": SECRET}, ["GONE"])
    shop.push(web="one", clock=Program())
    found = ask("releases diff", app="shop", before="1", after="2")
    assert [row.what for row in found] == [
        "image",
        "revision",
        "process clock",
        "process web",
        "process worker",
        "env CHANGED",
        "env GONE",
        "env NEW",
    ]
    assert found[2] == Difference(what="process clock", before="", after="push-2-clock;")
    assert found[5] == Difference(what="env CHANGED", before="set", after="changed")
    assert found[6] == Difference(what="env GONE", before="set", after="")
    assert found[7] == Difference(what="env NEW", before="", after="set")
    assert SECRET not in str(to_json(found))


def test_a_release_does_not_differ_from_itself(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    assert ask("releases diff", app="shop", before="1", after="1") == []


def test_a_release_that_does_not_exist_is_told_with_where_to_look(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    with pytest.raises(NotFound, match="App shop has no release 2") as error:
        ask("releases show", app="shop", number="2")
    assert error.value.hint == "See which there are: dokkupy releases list shop"
    with pytest.raises(NotFound):
        ask("releases diff", app="shop", before="1", after="2")
    with pytest.raises(UsageError):
        ask("releases show", app="shop", number="one")


@pytest.mark.parametrize("title", ["releases list", "releases show", "releases diff"])
def test_the_releases_of_an_unknown_app_are_not_found(ask: Asked, title: str) -> None:
    numbers: dict[str, Any] = {"show": {"number": "1"}, "diff": {"before": "1", "after": "1"}}
    with pytest.raises(NotFound, match="App shop does not exist"):
        ask(title, app="shop", **numbers.get(title.removeprefix("releases "), {}))


def test_a_rollback_goes_back_one_or_to_the_named(ask: Asked, shop: Shop) -> None:
    with pytest.raises(Conflict):
        ask("rollback", app="shop")
    for body in ("one", "two", "three"):
        shop.push(web=body)
    assert ask("rollback", app="shop").release == 4
    assert shop.visit() == (200, "two")
    assert ask("rollback", app="shop", number="1").release == 5
    assert ask.jobs == ["rollback"] * 3
    shop.assert_serves("one", ["web.1 of 5"])


def test_a_rollback_may_keep_the_config(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    shop.set_config({"A": "1"})
    ask("rollback", app="shop", number="1", keep_config=True)
    assert shop.store.config.get("shop") == {"A": "1"}
    ask("rollback", app="shop", number="1")
    assert shop.store.config.get("shop") == {}
