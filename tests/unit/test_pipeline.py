"""The way of a push on the fakes, which really listen and really forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.conftest import Shop


def test_a_first_push_serves_and_is_written_down(shop: Shop) -> None:
    assert shop.visit()[0] == 404
    done = shop.push(web="one")
    assert (done.app, done.release) == ("shop", 1)
    assert shop.visit() == (200, "one")
    assert shop.running() == ["web.1 of 1"]
    assert shop.releases() == [(1, "live")]
    shop.assert_at_rest()
