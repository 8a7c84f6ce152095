"""Up and down: what should run runs again where it was, what is gone is placed anew."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from dokkupy import pipeline, power
from dokkupy.errors import Conflict, DokkupyError, EngineError
from dokkupy.locks import app_lock
from dokkupy.names import AppName, ProcessName
from dokkupy.operations import apps
from dokkupy.power import Power
from dokkupy.scheduler import Placement
from dokkupy.testing.engine_fake import BASE
from dokkupy.testing.patience import eventually
from dokkupy.testing.program import Program
from dokkupy.testing.sources import commit
from dokkupy.types import InstanceState, Line, RouteState, Scale

if TYPE_CHECKING:
    from tests.unit.shop import Shop

BLOG = AppName("blog")


def up(shop: Shop) -> Power:
    return power.up(shop.platform, shop.told.append)


def down(shop: Shop) -> Power:
    return power.down(shop.platform, shop.told.append)


def add_blog(shop: Shop, program: Program) -> None:
    """Have a second app that is live."""
    apps.create(shop.platform, BLOG)
    shop.engine.program(program, matching="the-blog")
    commit(
        shop.platform, BLOG, {"Dockerfile": f"FROM {BASE}\n# blog\n", "Procfile": "web: the-blog"}
    )
    pipeline.deploy(shop.platform, shop.told.append, app=BLOG, revision="main")


def state_of(shop: Shop, app: str) -> RouteState:
    [route] = [route for route in shop.proxy.applied[-1] if route.app == app]
    return route.state


def test_an_empty_root_comes_up(shop: Shop) -> None:
    assert up(shop) == Power(containers=0, proxy=True)
    assert shop.visit()[0] == 404


def test_what_runs_already_is_left_alone(shop: Shop) -> None:
    shop.push(web="one", worker=Program())
    before = shop.references()
    assert up(shop) == Power(containers=1, proxy=True)
    assert shop.references() == before
    shop.assert_serves("one", ["web.1 of 1"])


def test_down_stops_everything_and_up_brings_it_back_where_it_was(shop: Shop) -> None:
    shop.push(web="one", worker=Program())
    shop.scale(web=2, worker=1)
    before, served = shop.references(), shop.proxy.applied[-1]
    assert down(shop) == Power(containers=0, proxy=False)
    assert [container.state for container in shop.containers()] == ["exited"] * 3
    assert not shop.proxy.status().running
    assert up(shop) == Power(containers=3, proxy=True)
    assert shop.references() == before
    assert shop.proxy.applied[-1] == served
    shop.assert_serves("one", ["web.1 of 1", "web.2 of 1", "worker.1 of 1"])


def test_containers_that_are_gone_are_placed_anew_and_the_others_kept(shop: Shop) -> None:
    shop.push(web="one", worker=Program())
    shop.scale(web=2, worker=1)
    before = shop.references()
    for name in ("web.2", "worker.1"):
        shop.engine.remove(before[name])
    assert up(shop).containers == 3
    assert shop.references()["web.1"] == before["web.1"]
    shop.assert_serves("one", ["web.1 of 1", "web.2 of 1", "worker.1 of 1"])


def test_a_container_that_cannot_be_started_is_replaced(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.push(web="one")
    [broken] = shop.containers()
    shop.engine.stop(broken.id, 0)
    start = shop.engine.start

    def refuse(container: str) -> None:
        if container == broken.id:
            raise Conflict("Address already in use.")
        start(container)

    monkeypatch.setattr(shop.engine, "start", refuse)
    up(shop)
    assert broken.id not in [container.id for container in shop.containers()]
    shop.assert_serves("one", ["web.1 of 1"])


def test_stopped_apps_stay_stopped(shop: Shop) -> None:
    shop.push(web="one")
    shop.stop()
    assert up(shop) == Power(containers=0, proxy=True)
    assert shop.visit()[0] == 503
    assert shop.containers() == []


def test_an_app_that_does_not_come_up_is_named_and_stops_no_other(shop: Shop) -> None:
    shop.push(web="one")
    add_blog(shop, Program(listen="0.0.0.0"))
    [blog] = shop.engine.containers({"dokkupy.app": BLOG})
    down(shop)
    shop.engine.remove(blog.id)
    shop.engine.program(Program(exits=3, line=("no database",)), matching="the-blog")
    for _ in range(2):  # it is tried again each time
        with pytest.raises(DokkupyError, match="These apps did not come up: blog") as error:
            up(shop)
        assert error.value.hint == "See why: dokkupy logs blog --failed"
        assert any("blog did not come up: web.1 ended" in text for text in shop.said("warning"))
        assert shop.visit() == (200, "one")
        assert state_of(shop, "blog") is RouteState.STOPPED
        shop.told.clear()
    shop.engine.program(Program(listen="0.0.0.0"), matching="the-blog")
    assert up(shop).containers == 2
    assert state_of(shop, "blog") is RouteState.SERVING


def test_an_engine_that_is_down_is_told_and_nothing_is_changed(shop: Shop) -> None:
    shop.push(web="one")
    before = shop.references()
    shop.engine.down = True
    with pytest.raises(EngineError):
        up(shop)
    shop.engine.down = False
    assert shop.references() == before
    up(shop)
    shop.assert_serves("one", ["web.1 of 1"])


def test_a_deploy_under_way_is_not_disturbed(shop: Shop) -> None:
    shop.push(web="one")
    [live] = shop.store.instances.list()
    told: list[Line] = []
    bringing = threading.Thread(target=power.up, args=(shop.platform, told.append))
    with app_lock(shop.platform.paths, shop.name, what="push of main"):
        announced = shop.store.instances.add(shop.name, 2, ProcessName("web"), 1)
        shop.engine.remove(live.reference)
        bringing.start()
        eventually(lambda: any("Waiting: shop is busy" in line.text for line in told))
        # By the time the lock is free the deploy has placed what was missing.
        replacement = shop.platform.scheduler.stage(placement_of(shop, announced.id))
        shop.store.instances.place(announced.id, replacement.reference, replacement.endpoint)
        shop.platform.scheduler.promote(replacement.reference)
        with shop.store.write():
            shop.store.instances.set_state([announced.id], InstanceState.LIVE)
            shop.store.instances.remove(live.id)
    bringing.join()
    assert [instance.id for instance in shop.store.instances.list()] == [announced.id]
    assert [container.id for container in shop.containers()] == [replacement.reference]
    assert shop.visit() == (200, "one")


def test_an_app_that_was_stopped_while_it_was_waited_for_stays_so(shop: Shop) -> None:
    shop.push(web="one")
    [live] = shop.store.instances.list()
    told: list[Line] = []
    bringing = threading.Thread(target=power.up, args=(shop.platform, told.append))
    with app_lock(shop.platform.paths, shop.name, what="stop"):
        shop.engine.remove(live.reference)
        bringing.start()
        eventually(lambda: any("Waiting: shop is busy" in line.text for line in told))
        with shop.store.write():
            shop.store.apps.set_stopped(shop.name, True)
            shop.store.instances.remove(live.id)
    bringing.join()
    assert shop.containers() == []
    assert shop.visit()[0] == 503


def placement_of(shop: Shop, instance: int) -> Placement:
    release = shop.store.releases.get(shop.name, 1)
    return Placement(
        instance=instance,
        release=release,
        process=release.processes[0],
        ordinal=1,
        scale=Scale(quantity=1),
    )


def test_a_container_that_is_announced_but_not_there_is_not_stopped_or_started(
    shop: Shop,
) -> None:
    shop.push(web="one")
    shop.store.instances.add(shop.name, 2, ProcessName("web"), 1)
    down(shop)
    assert up(shop).containers == 1
    assert shop.visit() == (200, "one")


def test_one_that_ends_between_its_check_and_its_promotion_is_started_again(shop: Shop) -> None:
    def crash_all() -> None:
        for container in shop.containers():
            shop.engine.crash(container.id)

    shop.platform.properties.set("checks", "", "probation", "0")
    shop.listen(check_deploy=crash_all)
    shop.push(web="one")
    shop.assert_serves("one", ["web.1 of 1"])
