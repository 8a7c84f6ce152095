"""An engine of which one call fails: the deploy stands or falls as a whole, and says why."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from dokkupy import pipeline, recovery
from dokkupy.errors import DokkupyError, EngineError
from dokkupy.platform import Platform
from dokkupy.report import Report
from dokkupy.testing import stand_in
from dokkupy.testing.program import Program

if TYPE_CHECKING:
    from tests.unit.shop import Shop

CAUSE = "The engine has lost its thread."


class Faulty:
    """An engine that fails at one call, before it does anything, and works before and after."""

    def __init__(self, engine: object, number: int) -> None:
        self._engine = engine
        self._left = number
        self._lock = threading.Lock()
        self.failed = ""
        """Name of the call that failed."""

    def __getattr__(self, name: str) -> object:
        found = getattr(self._engine, name)
        if not callable(found):
            return found

        def call(*args: object, **kwargs: object) -> object:
            with self._lock:
                self._left -= 1
                fails = self._left == -1
            if fails:
                self.failed = name
                raise EngineError(CAUSE)
            return found(*args, **kwargs)

        return call


def push_two(shop: Shop, engine: Faulty) -> str:
    """Deploy version two by way of a faulty engine; return the error that it ended with."""
    shop.source({"web": "two", "worker": Program(), "release": Program(exits=0)})
    platform = Platform(
        shop.platform.paths.root,
        actor="runner",
        engine=engine,  # type: ignore[arg-type]
        proxy=shop.proxy,
        plugins=[],
    )
    platform.hooks.add("stand-in", stand_in)
    try:
        pipeline.deploy(platform, shop.told.append, app=shop.name, revision="main")
    except DokkupyError as error:
        return error.message
    finally:
        platform.close()
    return ""


def live_release(shop: Shop) -> int:
    live = shop.store.releases.live(shop.name)
    assert live is not None
    return live.number


def assert_nothing_left(shop: Shop, after: str) -> None:
    try:
        shop.assert_at_rest()
    except AssertionError as error:
        labels = [(c.labels, c.state) for c in shop.containers()]
        raise AssertionError(f"{after}; {labels}") from error


@pytest.mark.slow
def test_any_call_to_the_engine_may_fail_once(shop: Shop) -> None:
    failed: set[str] = set()
    number = 0
    while True:
        shop.push(web="one", worker=Program())
        shop.scale(worker=1)
        before = live_release(shop)
        engine = Faulty(shop.engine, number)
        error = push_two(shop, engine)
        if not engine.failed:
            break
        assert error in ("", CAUSE), (number, engine.failed)
        serves = "one" if live_release(shop) == before else "two"
        assert error or serves == "two"
        assert shop.visit() == (200, serves), (number, engine.failed)
        recovery.recover_all(shop.platform, Report(shop.told.append))
        assert shop.visit() == (200, serves), (number, engine.failed)
        assert_nothing_left(shop, f"call {number}, {engine.failed}: {error}")
        failed.add(engine.failed)
        number += 1
    assert {"create", "start", "stop", "remove", "set_restart_policy", "build", "tag"} <= failed
    assert number > 20
