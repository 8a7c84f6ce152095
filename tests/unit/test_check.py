"""Waiting for new containers: as long as there is hope, for all at once, and no longer."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from dokkupy import check, health
from dokkupy.errors import DeployFailed
from dokkupy.health import Answer
from dokkupy.names import HostName, ProcessName
from dokkupy.testing.program import Program
from dokkupy.types import Check, Endpoint, Scale

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from tests.unit.shop import Shop

FOR_EVER = {"timeout": 5, "deadline": 3600}


def test_nothing_to_wait_for_has_passed(platform: Platform) -> None:
    assert check.await_all(platform.scheduler, []) is None
    assert check.await_probation(platform.scheduler, [], 0.01) is None


@pytest.mark.parametrize(
    "program",
    [Program(listen="127.0.0.1"), Program(listen="0.0.0.0", port=3000), Program(listen="::1")],
    ids=["loopback", "other port", "loopback of IPv6"],
)
def test_one_that_listens_where_nobody_can_ask_is_given_up_before_its_deadline(
    shop: Shop, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "LOOKS_LOST_AFTER_SECONDS", 0.1)
    shop.source({"web": program}, {"web": FOR_EVER})
    with pytest.raises(DeployFailed, match="must listen on"):
        shop.deploy()


def test_one_that_listens_on_nothing_yet_is_not_given_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "LOOKS_LOST_AFTER_SECONDS", 0.0)
    shop.source({"web": Program()}, {"web": {"deadline": 0.5}})
    began = time.monotonic()
    with pytest.raises(DeployFailed, match="listens on nothing"):
        shop.deploy()
    assert time.monotonic() - began > 0.5


def test_the_first_failure_ends_the_waiting_for_all(shop: Shop) -> None:
    shop.push(web="one")
    shop.scale(web=2)
    shop.source(
        {"web": Program(listen="0.0.0.0", status=503), "worker": Program(exits=3, after=0.3)},
        {"web": {"path": "/up", **FOR_EVER}, "worker": {"settle": 3600}},
    )
    shop.store.formation.set(shop.name, {ProcessName("worker"): Scale(quantity=1)})
    with pytest.raises(DeployFailed, match=r"worker\.1 ended with exit code 3"):
        shop.deploy()
    shop.assert_serves("one", ["web.1 of 1", "web.2 of 1"])


def test_all_are_watched_side_by_side(shop: Shop) -> None:
    shop.push(web="one")
    # Six containers, each of which is answered only when all of them are asked at the same time.
    together = threading.Barrier(6, timeout=20)
    probe, seen = health.probe, set[Endpoint]()

    def probe_together(endpoint: Endpoint, checked: Check, *, host: str) -> Answer:
        if endpoint not in seen:
            seen.add(endpoint)
            together.wait()
        return probe(endpoint, checked, host=host)

    shop.scale(web=6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health, "probe", probe_together)
        shop.restart()
    assert len(seen) >= 6
    shop.assert_serves("one", [f"web.{number} of 1" for number in range(1, 7)])


def test_the_host_that_is_asked_for_is_one_that_visitors_use(shop: Shop) -> None:
    asked: list[str] = []
    probe = health.probe

    def note(endpoint: Endpoint, checked: Check, *, host: str) -> Answer:
        asked.append(host)
        return probe(endpoint, checked, host=host)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health, "probe", note)
        shop.push(web="one")
        assert set(asked) == {"shop.example.test"}
        asked.clear()
        shop.store.routes.replace({"shop": [HostName("*.example.test")]})
        shop.restart()
        assert "*" not in asked[0]
        assert asked[0].endswith(".example.test")
