"""How many builds run at once, and who comes next."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NoReturn

import pytest

from dokkupy import build_queue
from dokkupy.report import Report
from dokkupy.testing.patience import eventually
from dokkupy.types import Line

if TYPE_CHECKING:
    from tests.unit.shop import Shop


class Builder(threading.Thread):
    """Somebody who builds: waits for a turn, and keeps it until told to go."""

    def __init__(self, shop: Shop, name: str, order: list[str]) -> None:
        super().__init__(daemon=True)
        self.shop, self.what, self.order = shop, name, order
        self.told: list[Line] = []
        self.go = threading.Event()

    def run(self) -> None:
        with build_queue.turn(self.shop.platform, Report(self.told.append), self.what):
            self.order.append(self.what)
            self.go.wait(20)


def test_builds_beyond_what_was_allowed_wait_in_their_order_and_say_on_whom(shop: Shop) -> None:
    shop.platform.properties.set("builds", "", "at-once", "2")
    order: list[str] = []
    builders = []
    for name in ("a", "b", "c", "d"):
        builder = Builder(shop, f"build 1 of {name}", order)
        builder.start()
        builders.append(builder)
        eventually(lambda b=builder: b.told or b.what in order)  # type: ignore[misc]
    first, second, third, fourth = builders
    assert order == ["build 1 of a", "build 1 of b"]
    [told] = third.told
    assert told.text.startswith("Waiting: the host is busy with build 1 of ")
    second.go.set()
    eventually(lambda: len(order) == 3)
    assert order[2] == "build 1 of c"
    for builder in (first, third, fourth):
        builder.go.set()
    for builder in builders:
        builder.join(20)
    assert order[3] == "build 1 of d"


@pytest.mark.parametrize(
    ("memory", "processors", "expected"),
    [(2, 2, 1), (4, 2, 1), (8, 2, 2), (8, 8, 3), (64, 4, 4), (1, 1, 1)],
)
def test_a_host_takes_as_many_builds_as_its_memory_and_processors_allow(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, memory: int, processors: int, expected: int
) -> None:
    monkeypatch.setattr(build_queue, "host_memory", lambda: memory * 1024**3)
    monkeypatch.setattr("os.cpu_count", lambda: processors)
    assert build_queue.places(shop.platform) == expected
    assert build_queue.build_memory() <= memory * 1024**3 / 2


def fail_at(turn: AbstractContextManager[None]) -> NoReturn:
    with turn:
        raise ZeroDivisionError


def test_a_place_is_free_again_when_its_build_fails(shop: Shop) -> None:
    shop.platform.properties.set("builds", "", "at-once", "1")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail_at(build_queue.turn(shop.platform, Report(shop.told.append), "build"))
    assert shop.said() == []
