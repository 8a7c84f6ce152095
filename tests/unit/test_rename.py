"""An app under another name: everything is there, nothing is left, nobody lost a request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from dokkupy import formation, git, moves, pipeline, recovery, renaming
from dokkupy.errors import (
    Conflict,
    DeployFailed,
    DokkupyError,
    EngineError,
    Locked,
    NotFound,
    ProxyRefused,
    Refused,
)
from dokkupy.locks import app_lock
from dokkupy.names import AppName, ProcessName
from dokkupy.operations import apps
from dokkupy.report import Report
from dokkupy.scheduler import OneOff
from dokkupy.scheduler_docker import APP
from dokkupy.testing.patience import eventually
from dokkupy.testing.program import Program
from dokkupy.testing.traffic import Traffic, wait_for
from dokkupy.types import Environment, Scale

if TYPE_CHECKING:
    from tests.unit.shop import Shop

SHOP, STORE = AppName("shop"), AppName("store")
WORKER = ProcessName("worker")
WORKS = Program(line=("at work",))


def rename(shop: Shop) -> dict[str, Any]:
    done = renaming.rename(shop.platform, shop.told.append, app=SHOP, new=STORE)
    shop.name = STORE
    return done


def assert_nothing_left(shop: Shop, name: AppName = SHOP) -> None:
    """Fail if anything in store, engine or folders still goes by the old name."""
    assert not shop.store.apps.exists(name)
    assert shop.engine.containers({APP: name}) == []
    every = shop.engine.images({"dokkupy.root": shop.platform.root_id})
    assert [tag for image in every for tag in image.tags if f"/{name}:" in tag] == []
    assert not git.repository(shop.platform.paths, name).exists()
    assert not recovery.failed_logs(shop.platform, name).exists()
    assert shop.store.documents.all("dokkupy", "renamed-from") == {}


def test_everything_moves_and_the_old_name_is_gone(shop: Shop) -> None:
    shop.store.config.change(SHOP, {"A": "1"})
    shop.store.formation.set(SHOP, {WORKER: Scale(quantity=1)})
    shop.platform.properties.set("checks", SHOP, "drain", "1")
    shop.push(web="one", worker=WORKS)
    shop.push(web="two", worker=WORKS)
    with pytest.raises(DeployFailed):
        shop.push(web=Program(line=("last words",), exits=1))
    head = git.current(shop.platform.paths, SHOP, "refs/heads/main")

    assert rename(shop) == {"release": 4}

    assert shop.visit() == (200, "two")
    assert shop.running() == ["web.1 of 4", "worker.1 of 4"]
    assert shop.releases() == [(1, "superseded"), (2, "superseded"), (3, "failed"), (4, "live")]
    assert shop.store.releases.get(STORE, 4).description == "rename of shop"
    assert shop.store.config.get(STORE) == {"A": "1"}
    assert shop.platform.properties.get("checks", STORE, "drain") == 1
    assert git.current(shop.platform.paths, STORE, "refs/heads/main") == head
    log = recovery.failed_logs(shop.platform, STORE) / "release-3-web.1.log"
    assert "last words" in log.read_text()
    kept = shop.store.releases.tagged(STORE)
    assert [release.number for release in kept] == [4, 2, 1]
    for release in kept:
        tag = f"dokkupy-{shop.platform.root_id}/store:release-{release.number}"
        assert shop.engine.image(tag).id == release.image
    assert_nothing_left(shop)
    shop.assert_at_rest()


def test_the_new_containers_know_the_new_name_after_a_rollback_too(shop: Shop) -> None:
    shows = Program(show=("DOKKUPY_APP",), listen="0.0.0.0")
    shop.push(web=shows)
    shop.push(web=shows)
    rename(shop)
    pipeline.rollback(shop.platform, shop.told.append, app=STORE, number=1, keep_config=False)
    [container] = shop.containers()
    assert list(shop.engine.logs(container.id)) == [b"DOKKUPY_APP=store"]


def test_the_default_host_follows_the_name(shop: Shop) -> None:
    shop.push(web="one")
    rename(shop)
    assert shop.store.routes.all() == {"store": ["store.example.test"]}


def test_a_renamed_app_is_pushed_to_scaled_and_destroyed(shop: Shop) -> None:
    shop.push(web="one")
    rename(shop)
    shop.push(web="two")
    assert shop.visit() == (200, "two")
    apps.destroy(shop.platform, STORE)
    assert shop.engine.containers({"dokkupy.root": shop.platform.root_id}) == []
    assert shop.store.database.rows("SELECT * FROM addresses") == []
    assert_nothing_left(shop, STORE)


def test_an_app_that_was_never_deployed_is_renamed_too(shop: Shop) -> None:
    assert rename(shop) == {"release": None}
    assert shop.visit()[0] == 404
    shop.push(web="one")
    assert shop.visit() == (200, "one")
    assert_nothing_left(shop)


def test_a_stopped_app_stays_stopped(shop: Shop) -> None:
    shop.push(web="one")
    formation.stop(shop.platform, shop.told.append, app=SHOP)
    rename(shop)
    assert shop.visit()[0] == 503
    formation.start(shop.platform, shop.told.append, app=STORE)
    assert shop.visit() == (200, "one")
    shop.assert_at_rest()


def test_nobody_loses_a_request_to_a_host_that_stays(shop: Shop) -> None:
    own = "www.example.org"
    shop.push(web="one")
    serve_at(shop, own)
    port = shop.proxy.status().http_port
    with Traffic(port, own, rate=100) as traffic:
        wait_for(traffic.tally, 20)
        rename(shop)
        wait_for(traffic.tally, 20)
    assert traffic.tally.failed == []
    shop.assert_at_rest()


def serve_at(shop: Shop, host: str) -> None:
    """Add a host to the app, as a plugin would that keeps it in the store."""
    from types import ModuleType

    from dokkupy.hookspecs import hookimpl
    from dokkupy.names import HostName

    def vhosts(app: AppName) -> list[HostName]:
        kept = shop.store.documents.get(app, "hosts", "own")
        return [HostName(kept)] if kept else []

    plugin = ModuleType("hosts")
    vars(plugin)["vhosts"] = hookimpl(vhosts)
    shop.platform.hooks.add("hosts", plugin)
    shop.store.documents.set(shop.name, "hosts", "own", host)
    pipeline.apply_routes(shop.platform)


# What cannot be renamed.


def test_a_name_that_is_taken_is_refused(shop: Shop) -> None:
    apps.create(shop.platform, STORE)
    shop.push(web="one")
    with pytest.raises(Conflict, match="App store exists already"):
        renaming.rename(shop.platform, shop.told.append, app=SHOP, new=STORE)
    assert shop.visit() == (200, "one")
    shop.assert_at_rest()


def test_a_locked_app_and_one_that_does_not_exist_are_refused(shop: Shop) -> None:
    apps.lock(shop.platform, SHOP)
    with pytest.raises(Locked):
        renaming.rename(shop.platform, shop.told.append, app=SHOP, new=STORE)
    with pytest.raises(NotFound):
        renaming.rename(shop.platform, shop.told.append, app=STORE, new=AppName("other"))


def test_an_app_beside_which_a_command_runs_is_refused(shop: Shop) -> None:
    shop.push(web="one")
    placed = shop.platform.scheduler.detach(
        OneOff(
            release=shop.store.releases.get(SHOP, 1),
            command=Program().command,
            env=Environment(),
            scale=Scale(quantity=1),
            purpose="run",
            ttl=60,
        )
    )
    with pytest.raises(Refused, match=placed.name) as error:
        renaming.rename(shop.platform, shop.told.append, app=SHOP, new=STORE)
    assert error.value.hint.endswith("dokkupy run stop shop --all")
    assert shop.visit() == (200, "one")


def test_a_proxy_that_refuses_the_new_hosts_leaves_everything_as_it_was(shop: Shop) -> None:
    shop.push(web="one")
    shop.proxy.refused.add("store")
    with pytest.raises(ProxyRefused):
        renaming.rename(shop.platform, shop.told.append, app=SHOP, new=STORE)
    shop.proxy.refused.clear()
    assert shop.visit() == (200, "one")
    assert git.repository(shop.platform.paths, SHOP).exists()
    assert_nothing_left(shop, STORE)
    shop.push(web="two")
    assert shop.visit() == (200, "two")
    shop.assert_at_rest()


def test_new_containers_that_fail_leave_those_of_before_under_the_new_name(shop: Shop) -> None:
    shop.push(web="one")
    shop.engine.program(Program(exits=5))
    with pytest.raises(DeployFailed):
        rename(shop)
    shop.name = STORE
    assert shop.visit() == (200, "one")
    assert shop.running() == ["web.1 of 1"]
    assert any("serves with the containers of before" in line.text for line in shop.told)


# Containers that still carry the old name.


@pytest.fixture
def carrying(shop: Shop) -> Shop:
    """Rename an app, and let its containers stay as they were."""
    shop.store.formation.set(SHOP, {WORKER: Scale(quantity=1)})
    shop.push(web="one", worker=WORKS)
    shop.engine.program(Program(exits=5))
    with pytest.raises(DeployFailed):
        rename(shop)
    shop.name = STORE
    return shop


def fail_a_deploy(shop: Shop) -> None:
    with pytest.raises(DeployFailed):
        shop.push(web=Program(exits=1))


def test_they_survive_a_failed_deploy_of_their_app(carrying: Shop) -> None:
    fail_a_deploy(carrying)
    assert carrying.visit() == (200, "one")
    held = {row["address"] for row in carrying.store.database.rows("SELECT * FROM addresses")}
    assert len(held) == 2


def test_they_survive_the_failures_and_the_end_of_another_app_of_the_old_name(
    carrying: Shop,
) -> None:
    apps.create(carrying.platform, SHOP)
    carrying.name = SHOP
    fail_a_deploy(carrying)
    apps.destroy(carrying.platform, SHOP)
    carrying.name = STORE
    assert carrying.visit() == (200, "one")
    assert carrying.running() == ["web.1 of 1", "worker.1 of 1"]
    assert carrying.engine.image(carrying.store.releases.get(STORE, 1).image).tags


def test_they_are_replaced_by_the_next_deploy(carrying: Shop) -> None:
    carrying.push(web="two", worker=WORKS)
    assert carrying.visit() == (200, "two")
    assert_nothing_left(carrying)
    carrying.assert_at_rest()


def test_they_go_with_their_app(carrying: Shop) -> None:
    apps.destroy(carrying.platform, STORE)
    assert carrying.engine.containers({"dokkupy.root": carrying.platform.root_id}) == []
    assert carrying.store.database.rows("SELECT * FROM addresses") == []


# A rename that was cut short.


def deploy(shop: Shop) -> None:
    shop.push(web="two")


def create_old(shop: Shop) -> None:
    apps.create(shop.platform, SHOP)


def recover_all(shop: Shop) -> None:
    recovery.recover_all(shop.platform, Report(shop.told.append))


STEPS = ("git.move_repo", "_move_logs", "_move_tags")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("command", [deploy, create_old, recover_all])
def test_a_rename_that_was_cut_short_is_finished_by_a_later_command(
    shop: Shop, step: str, command: Callable[[Shop], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.push(web="one")
    fail_a_deploy(shop)
    head = git.current(shop.platform.paths, SHOP, "refs/heads/main")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"dokkupy.moves.{step}", die)
        with pytest.raises(KeyboardInterrupt):
            rename(shop)
    shop.name = STORE
    assert shop.visit() == (200, "one")
    command(shop)
    assert moves.unfinished(shop.platform) == {}
    assert shop.visit()[0] == 200
    if command is not deploy:
        assert git.current(shop.platform.paths, STORE, "refs/heads/main") == head
    assert recovery.failed_logs(shop.platform, STORE).exists()
    if command is create_old:
        apps.destroy(shop.platform, SHOP)
    for release in shop.store.releases.tagged(STORE):
        assert shop.engine.image(release.image).tags


def test_a_rename_cut_short_before_the_proxy_knew_is_routed_by_the_next_command(
    shop: Shop,
) -> None:
    shop.push(web="one")
    moves.begin(shop.platform, SHOP, STORE)
    assert shop.visit() == (200, "one")  # under the old name
    shop.name = STORE
    assert shop.visit()[0] != 200
    recover_all(shop)
    assert shop.visit() == (200, "one")


def test_a_command_of_today_is_not_stopped_by_a_rename_that_cannot_be_finished(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.push(web="one")
    moves.begin(shop.platform, SHOP, STORE)
    shop.name = STORE

    def fail(*_: object) -> None:
        raise EngineError("The engine is down.")

    with monkeypatch.context() as patch:
        patch.setattr("dokkupy.moves._move_tags", fail)
        formation.restart(shop.platform, shop.told.append, app=STORE, processes=[])
    assert any("The engine is down" in line.text for line in shop.told)
    assert shop.visit() == (200, "one")
    assert moves.unfinished(shop.platform) == {STORE: SHOP}


def test_no_further_rename_begins_before_the_last_one_is_finished(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves.begin(shop.platform, SHOP, STORE)

    def fail(*_: object) -> None:
        raise EngineError("The engine is down.")

    monkeypatch.setattr("dokkupy.moves._move_tags", fail)
    with pytest.raises(EngineError):
        renaming.rename(shop.platform, shop.told.append, app=STORE, new=AppName("third"))
    assert moves.unfinished(shop.platform) == {STORE: SHOP}


def test_work_that_waited_for_an_app_that_was_renamed_is_told_gone(shop: Shop) -> None:
    shop.push(web="one")
    failed: list[DokkupyError] = []

    def restart() -> None:
        try:
            formation.restart(shop.platform, shop.told.append, app=SHOP, processes=[])
        except DokkupyError as error:
            failed.append(error)
        shop.platform.close()

    with app_lock(shop.platform.paths, SHOP, what="rename"):
        thread = threading.Thread(target=restart)
        thread.start()
        eventually(lambda: any("Waiting" in line.text for line in shop.told))
        moves.begin(shop.platform, SHOP, STORE)
        moves.finish(shop.platform, STORE)
    thread.join()
    assert [type(error) for error in failed] == [NotFound]
