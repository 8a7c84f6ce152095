"""Scaling, limiting, restarting, stopping, starting: without a release or a lost request."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from dokkupy.errors import (
    Conflict,
    DeployFailed,
    DokkupyError,
    NotFound,
    ProxyRefused,
)
from dokkupy.locks import app_lock
from dokkupy.names import ProcessName
from dokkupy.scheduler_docker import PROCESS
from dokkupy.testing.patience import eventually
from dokkupy.testing.program import Program
from dokkupy.types import Scale

if TYPE_CHECKING:
    from tests.unit.shop import Shop

WEB, WORKER = ProcessName("web"), ProcessName("worker")
WORKS = Program(line=("at work",))
DIES = Program(line=("no database",), exits=3)


def test_a_scale_touches_only_the_difference(shop: Shop) -> None:
    shop.push(web="one", worker=WORKS)
    before = shop.references()
    shop.scale(web=3, worker=1)
    assert shop.running() == ["web.1 of 1", "web.2 of 1", "web.3 of 1", "worker.1 of 1"]
    assert shop.references()["web.1"] == before["web.1"]
    grown = shop.references()
    shop.scale(web=2)
    assert shop.running() == ["web.1 of 1", "web.2 of 1", "worker.1 of 1"]
    assert shop.references().items() <= grown.items()
    assert shop.releases() == [(1, "live")]
    shop.assert_at_rest()


def test_a_scale_to_what_is_changes_nothing(shop: Shop) -> None:
    shop.push(web="one")
    before = shop.references()
    shop.scale(web=1)
    assert shop.references() == before
    shop.assert_at_rest()


def test_a_scale_to_nothing_answers_503_and_back_again(shop: Shop) -> None:
    shop.push(web="one")
    gone = shop.scale(web=0)
    assert (gone.urls, gone.text()) == ((), "Release 1 of shop is live; no web process of it runs")
    assert shop.visit()[0] == 503
    assert shop.containers() == []
    shop.assert_at_rest()
    shop.scale(web=1)
    shop.assert_serves("one", ["web.1 of 1"])


def test_a_scale_that_fails_leaves_formation_and_containers(shop: Shop) -> None:
    shop.push(web="one")
    shop.end_when_started("web.2-")
    with pytest.raises(DeployFailed, match=r"web\.2 ended"):
        shop.scale(web=2)
    shop.assert_serves("one", ["web.1 of 1"])
    assert shop.store.formation.get(shop.name) == {}
    assert shop.releases() == [(1, "live")]


def test_a_scale_keeps_the_limits(shop: Shop) -> None:
    shop.push(web="one")
    shop.limit("web", memory=2**27, cpus=0.5)
    shop.scale(web=2)
    assert {(c.memory, c.cpus, c.pids) for c in shop.containers()} == {(2**27, 0.5, 1024)}


@pytest.mark.parametrize("ask", ["scale", "restart", "limit"])
def test_an_unknown_process_is_refused_with_those_there_are(shop: Shop, ask: str) -> None:
    shop.push(web="one", worker=WORKS)
    with pytest.raises(NotFound, match="App shop has no process clock") as error:
        shop.scale(clock=1) if ask == "scale" else getattr(shop, ask)("clock")
    assert error.value.hint == "It has: web, worker"


def test_limits_replace_the_containers_of_that_process_alone(shop: Shop) -> None:
    shop.store.formation.set(shop.name, {WORKER: Scale(quantity=1)})
    shop.push(web="one", worker=WORKS)
    before = shop.references()
    shop.limit("worker", memory=2**27, pids=64)
    assert shop.references()["web.1"] == before["web.1"]
    assert shop.references()["worker.1"] != before["worker.1"]
    [worker] = [c for c in shop.containers() if c.labels[PROCESS] == "worker"]
    assert (worker.memory, worker.cpus, worker.pids) == (2**27, 0.0, 64)
    assert shop.store.formation.get(shop.name)[WORKER] == Scale(quantity=1, memory=2**27, pids=64)
    shop.assert_at_rest()


def test_a_restart_replaces_all_or_the_named_without_a_release(shop: Shop) -> None:
    shop.store.formation.set(shop.name, {WORKER: Scale(quantity=1)})
    shop.push(web="one", worker=WORKS)
    first = shop.references()
    shop.restart("worker")
    second = shop.references()
    assert second["web.1"] == first["web.1"]
    assert second["worker.1"] != first["worker.1"]
    shop.restart()
    assert not set(shop.references().values()) & set(second.values())
    assert shop.releases() == [(1, "live")]
    shop.assert_at_rest()


def test_a_restart_that_fails_leaves_what_ran(shop: Shop) -> None:
    shop.push(web="one")
    before = shop.references()
    shop.engine.program(DIES)
    with pytest.raises(DeployFailed):
        shop.restart()
    assert shop.references() == before
    assert shop.releases() == [(1, "live")]
    shop.assert_serves("one", ["web.1 of 1"])


def test_a_stopped_app_answers_503_and_has_no_container(shop: Shop) -> None:
    shop.push(web="one", worker=WORKS)
    shop.stop()
    assert shop.visit()[0] == 503
    assert shop.containers() == []
    shop.assert_at_rest()
    shop.stop()
    shop.assert_at_rest()


def test_a_started_app_runs_as_it_did(shop: Shop) -> None:
    shop.push(web="one")
    shop.scale(web=2)
    shop.stop()
    shop.start()
    shop.assert_serves("one", ["web.1 of 1", "web.2 of 1"])
    shop.start()
    shop.assert_serves("one", ["web.1 of 1", "web.2 of 1"])


def test_a_stopped_app_that_cannot_start_stays_stopped(shop: Shop) -> None:
    shop.push(web="one")
    shop.stop()
    shop.engine.program(DIES)
    with pytest.raises(DeployFailed):
        shop.start()
    assert shop.visit()[0] == 503
    assert shop.store.apps.get(shop.name).stopped
    assert shop.containers() == []
    shop.assert_at_rest()


def test_a_start_that_the_proxy_refuses_does_not_stop_a_running_app(shop: Shop) -> None:
    shop.push(web="one")
    shop.proxy.refused.add("shop")
    with pytest.raises(ProxyRefused):
        shop.start()
    shop.proxy.refused.clear()
    assert not shop.store.apps.get(shop.name).stopped
    assert shop.visit() == (200, "one")


def test_a_stopped_app_stays_stopped_whatever_is_pushed_scaled_or_set(shop: Shop) -> None:
    shop.push(web="one")
    shop.stop()
    shop.push(web="two")
    shop.scale(web=2)
    shop.set_config({"A": "1"})
    shop.limit("web", memory=2**27)
    assert shop.visit()[0] == 503
    assert shop.containers() == []
    shop.assert_at_rest()
    shop.start()
    shop.assert_serves("two", ["web.1 of 3", "web.2 of 3"])
    assert {c.memory for c in shop.containers()} == {2**27}


def test_a_stopped_app_is_started_not_restarted(shop: Shop) -> None:
    shop.push(web="one")
    shop.stop()
    with pytest.raises(Conflict, match="App shop is stopped") as error:
        shop.restart()
    assert error.value.hint == "Start it: dokkupy ps start shop"
    assert shop.containers() == []


@pytest.mark.parametrize("ask", ["scale", "restart", "stop", "start", "roll_back"])
def test_an_app_that_was_never_deployed_is_told_to_be_pushed(shop: Shop, ask: str) -> None:
    with pytest.raises(Conflict, match="App shop has not been deployed yet") as error:
        getattr(shop, ask)()
    assert error.value.hint == "See where to push it: dokkupy git remote shop"


def test_an_app_destroyed_while_its_work_waited_is_told_gone(shop: Shop) -> None:
    shop.push(web="one")
    failed: list[DokkupyError] = []

    def wait_then_restart() -> None:
        try:
            shop.restart()
        except DokkupyError as error:
            failed.append(error)
        shop.platform.close()

    with app_lock(shop.platform.paths, shop.name, what="destroy"):
        thread = threading.Thread(target=wait_then_restart)
        thread.start()
        eventually(lambda: any("Waiting" in line.text for line in shop.told))
        shop.platform.scheduler.destroy(shop.name)
        shop.store.apps.destroy(shop.name)
    thread.join()
    assert [type(error) for error in failed] == [NotFound]
