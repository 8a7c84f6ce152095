"""Going back to what an earlier release was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dokkupy.errors import (
    DeployFailed,
    ImageNotFound,
    NotFound,
    UsageError,
)
from dokkupy.names import ProcessName
from dokkupy.testing.program import Program

if TYPE_CHECKING:
    from tests.unit.shop import Shop

WEB, WORKER = ProcessName("web"), ProcessName("worker")
WORKS = Program(line=("at work",))
DIES = Program(line=("no database",), exits=3)


def three_releases(shop: Shop) -> None:
    """Push one, two, three, each with its own value of A."""
    for word in ("one", "two", "three"):
        shop.store.config.change(shop.name, {"A": word})
        shop.push(web=Program(listen="0.0.0.0", body=word, show=("A",)))


@pytest.mark.parametrize(("number", "body"), [(None, "two"), (2, "two"), (1, "one"), (3, "three")])
def test_a_rollback_brings_back_contents_and_config_as_a_new_release(
    shop: Shop, number: int | None, body: str
) -> None:
    three_releases(shop)
    builds = len(shop.engine.builds)
    done = shop.roll_back(number)
    assert done.release == 4
    assert shop.visit() == (200, body)
    assert shop.store.config.get(shop.name) == {"A": body}
    assert len(shop.engine.builds) == builds
    assert shop.releases()[2:] == [(3, "superseded"), (4, "live")]
    [container] = shop.containers()
    assert list(shop.engine.logs(container.id)) == [f"A={body}".encode()]
    shop.assert_at_rest()


def test_a_rollback_may_keep_todays_config(shop: Shop) -> None:
    three_releases(shop)
    shop.roll_back(1, keep_config=True)
    assert shop.visit() == (200, "one")
    assert shop.store.config.get(shop.name) == {"A": "three"}
    [container] = shop.containers()
    assert list(shop.engine.logs(container.id)) == [b"A=three"]


def test_a_rollback_that_fails_changes_neither_version_nor_config(shop: Shop) -> None:
    three_releases(shop)
    old = shop.store.releases.get(shop.name, 1)
    shop.engine.program(DIES, matching=old.processes[0].command[-1])
    with pytest.raises(DeployFailed):
        shop.roll_back(1)
    assert shop.store.config.get(shop.name) == {"A": "three"}
    shop.assert_serves("three", ["web.1 of 3"])


def test_a_rollback_runs_no_release_task(shop: Shop) -> None:
    shop.push(web="one", release=Program(line=("migrating",), exits=0))
    shop.push(web="two")
    before = len(shop.told)
    shop.roll_back()
    assert "migrating" not in [line.text for line in shop.told[before:]]
    assert shop.visit() == (200, "one")


def test_a_release_that_never_had_the_traffic_is_nothing_to_go_back_to(shop: Shop) -> None:
    shop.push(web="one")
    with pytest.raises(DeployFailed):
        shop.push(web=DIES)
    with pytest.raises(UsageError, match="Release 2 of shop never had the traffic"):
        shop.roll_back(2)
    with pytest.raises(NotFound, match="App shop has no release 9"):
        shop.roll_back(9)
    with pytest.raises(NotFound, match="App shop has no earlier release"):
        shop.roll_back()
    shop.assert_serves("one", ["web.1 of 1"])


def test_a_rollback_whose_image_is_gone_says_so(shop: Shop) -> None:
    three_releases(shop)
    image = shop.store.releases.get(shop.name, 1).image
    for tag in shop.engine.image(image).tags:
        shop.engine.remove_image(tag)
    with pytest.raises(ImageNotFound):
        shop.roll_back(1)
    shop.assert_serves("three", ["web.1 of 3"])
