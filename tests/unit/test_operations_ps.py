"""Operations on processes: what runs is shown, how much of it is decided, before a deploy too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dokkupy.cli.output import as_text
from dokkupy.errors import Conflict, NotFound, UsageError
from dokkupy.names import ProcessName
from dokkupy.operations.ps import ProcessScale, Quantity
from dokkupy.results import to_json
from dokkupy.testing.program import Program
from dokkupy.types import Scale

if TYPE_CHECKING:
    from tests.unit.asked import Asked
    from tests.unit.shop import Shop

WEB = ProcessName("web")
MIB = 2**20


def scaled(process: str, quantity: int, memory: int = 512, pids: int = 1024) -> ProcessScale:
    return ProcessScale(
        process=process, quantity=quantity, memory=memory * MIB, cpus=0.0, pids=pids
    )


# What runs.


def test_each_container_is_shown_as_the_engine_sees_it(ask: Asked, shop: Shop) -> None:
    shop.push(web="one", worker=Program())
    shop.scale(worker=1)
    [web, worker] = ask("ps report", app="shop")
    assert (web.name, web.state, web.release) == ("web.1", "running", 1)
    assert web.endpoint == str(shop.proxy.applied[-1][0].endpoints[0])
    assert web.started_at > 0
    assert (worker.name, worker.endpoint) == ("worker.1", "")
    shop.engine.stop(shop.references()["web.1"], 0)
    shop.engine.remove(shop.references()["worker.1"])
    assert [row.state for row in ask("ps report", app="shop")] == ["ended", "gone"]


def test_nothing_is_shown_of_an_app_without_containers(ask: Asked, shop: Shop) -> None:
    assert ask("ps report", app="shop") == []
    with pytest.raises(NotFound):
        ask("ps report", app="shpo")


def test_one_that_is_announced_and_not_there_yet_is_pending(ask: Asked, shop: Shop) -> None:
    shop.store.instances.add(shop.name, 1, WEB, 1)
    [row] = ask("ps report", app="shop")
    assert (row.name, row.state) == ("web.1", "pending")


def test_a_container_is_shown_whole_but_for_its_secrets(ask: Asked, shop: Shop) -> None:
    ask("config set", scope="shop", pairs=["TOKEN=hunter2"])
    shop.push(web="one", worker=Program())
    shop.scale(worker=1)
    ask("ps limit", app="shop", process="worker", memory="64m", cpus="0.5", pids="9")
    web = ask("ps inspect", app="shop")
    assert (web.name, web.state, web.restarts, web.release) == ("web.1", "running", True, 1)
    assert web.reference == shop.references()["web.1"]
    assert web.listens_on == ("0.0.0.0:5000",)
    assert web.image == shop.store.releases.get(shop.name, 1).image
    assert web.command[-1].startswith("push-1-web")
    worker = ask("ps inspect", app="shop", container="worker.1")
    assert (worker.memory, worker.cpus, worker.pids) == (64 * MIB, 0.5, 9)
    assert worker.endpoint == ""
    assert to_json(web)["env"] == {"DOKKUPY_APP": "****", "TOKEN": "****"}
    assert "TOKEN=****" in str(as_text(web))
    assert "hunter2" not in f"{web}{as_text(web)}{to_json(web)}"
    with pytest.raises(NotFound, match="no running container clock"):
        ask("ps inspect", app="shop", container="clock")


# How much runs.


def test_a_scale_is_shown_with_what_was_never_decided(ask: Asked, shop: Shop) -> None:
    assert ask("ps scale", app="shop") == []
    shop.push(web="one", worker=Program())
    assert ask("ps scale", app="shop") == [scaled("web", 1), scaled("worker", 0)]
    assert ask.jobs == []


def test_a_scale_of_a_deployed_app_is_carried_out(ask: Asked, shop: Shop) -> None:
    shop.push(web="one", worker=Program())
    assert ask("ps scale", app="shop", quantities=["web=2", "worker=1"]) == [
        scaled("web", 2),
        scaled("worker", 1),
    ]
    shop.assert_serves("one", ["web.1 of 1", "web.2 of 1", "worker.1 of 1"])


def test_a_scale_before_the_first_deploy_is_what_it_starts(ask: Asked, shop: Shop) -> None:
    assert ask("ps scale", app="shop", quantities=["web=2"]) == [scaled("web", 2)]
    assert ask.jobs == []
    shop.push(web="one")
    shop.assert_serves("one", ["web.1 of 1", "web.2 of 1"])


def test_limits_before_the_first_deploy_are_those_it_has(ask: Asked, shop: Shop) -> None:
    # What the verdict on a first push that needed more memory says.
    assert ask("ps limit", app="shop", process="web", memory="1g") == [scaled("web", 1, 1024)]
    assert ask("ps scale", app="shop", quantities=["web=2"]) == [scaled("web", 2, 1024)]
    assert ask.jobs == []
    shop.push(web="one")
    assert {container.memory for container in shop.containers()} == {1024 * MIB}


def test_limits_of_a_deployed_app_are_carried_out(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    assert ask("ps limit", app="shop", process="web", memory="64m", pids="32") == [
        scaled("web", 1, 64, 32)
    ]
    assert ask.jobs == ["limit"]
    assert [(c.memory, c.pids) for c in shop.containers()] == [(64 * MIB, 32)]
    assert shop.store.formation.get(shop.name) == {WEB: Scale(quantity=1, memory=64 * MIB, pids=32)}


@pytest.mark.parametrize(
    "limit",
    [
        {"memory": "1"},
        {"memory": "lots"},
        {"memory": "-1g"},
        {"cpus": "-1"},
        {"cpus": "nan"},
        {"cpus": "inf"},
        {"cpus": "2000"},
        {"cpus": "0.001"},
        {"memory": "5m"},
        {"pids": "0"},
        {"pids": "-5"},
        {"pids": "many"},
    ],
    ids=str,
)
def test_a_limit_that_makes_no_sense_is_refused(
    ask: Asked, shop: Shop, limit: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        ask("ps limit", app="shop", process="web", **limit)
    assert shop.store.formation.get(shop.name) == {}


@pytest.mark.parametrize("text", ["web=0", "web=1", "web=100", "Worker_2-x=07"])
def test_a_quantity_is_a_process_and_a_number(text: str) -> None:
    quantity = Quantity.parse(text)
    assert f"{quantity.process}={quantity.quantity}" == text.replace("07", "7")


@pytest.mark.parametrize(
    "text",
    [
        "web",
        "web=",
        "web=-1",
        "web=1.5",
        "web=two",
        "web=101",
        "web=000000000000101",
        "web=1=2",
        "web=\N{SUPERSCRIPT TWO}",
        "=1",
        "we b=1",
        "../web=1",
        "web=" + "9" * 5000,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Quantity.parse(text)


def test_one_wrong_quantity_leaves_all_as_they_were(ask: Asked, shop: Shop) -> None:
    with pytest.raises(UsageError):
        ask("ps scale", app="shop", quantities=["web=2", "worker=x"])
    assert shop.store.formation.get(shop.name) == {}


# The verbs.


def test_an_app_is_restarted_stopped_and_started(ask: Asked, shop: Shop) -> None:
    shop.push(web="one", worker=Program())
    before = shop.references()
    assert ask("ps restart", app="shop", processes=["web"]).release == 1
    assert shop.references() != before
    stopped = ask("ps stop", app="shop")
    assert stopped.text() == "App shop is stopped"
    assert shop.visit()[0] == 503
    assert "App shop is stopped" in [line.text for line in ask.told]
    started = ask("ps start", app="shop")
    assert started.text().startswith("Release 1 of shop is live at http://shop.example.test")
    assert ask.jobs == ["restart", "stop", "start"]
    shop.assert_serves("one", ["web.1 of 1"])


def test_a_rebuild_builds_what_is_deployed_again(ask: Asked, shop: Shop) -> None:
    shop.push(web="one")
    revision = shop.store.releases.get(shop.name, 1).revision
    shop.source({"web": "not deployed"})
    built = len(shop.engine.builds)
    assert ask("ps rebuild", app="shop").release == 2
    assert len(shop.engine.builds) == built + 1
    assert shop.store.releases.get(shop.name, 2).revision == revision
    shop.assert_serves("one", ["web.1 of 2"])


def test_what_was_promoted_is_not_rebuilt_from_a_source_that_is_elsewhere(
    ask: Asked, shop: Shop
) -> None:
    shop.push(web="one")
    ask("apps create", app="live")
    ask("promote", source="shop", target="live")
    with pytest.raises(Conflict, match="a promotion of release 1 of shop, is not here") as refused:
        ask("ps rebuild", app="live")
    assert "promote it again" in refused.value.hint


@pytest.mark.parametrize("verb", ["restart", "stop", "start", "rebuild"])
def test_an_app_that_was_never_deployed_is_told_so(ask: Asked, shop: Shop, verb: str) -> None:
    with pytest.raises(Conflict, match="App shop has not been deployed yet"):
        ask(f"ps {verb}", app="shop")
    with pytest.raises(NotFound, match="App shpo does not exist"):
        ask(f"ps {verb}", app="shpo")
