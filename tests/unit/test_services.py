"""The service kit on a platform of fakes: links, lives, data; what a failure leaves."""

from __future__ import annotations

import io
import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dokkupy import cleanup
from dokkupy.errors import (
    Conflict,
    DeployFailed,
    NotFound,
    PluginError,
    Refused,
    StateError,
    UsageError,
)
from dokkupy.names import AppName
from dokkupy.operations import apps
from dokkupy.report import Report
from dokkupy.services import (
    containers,
    life,
    linking,
    links,
    moving,
    networks,
    power,
    removing,
    showing,
)
from dokkupy.services import service as services
from dokkupy.services.links import Alias
from dokkupy.services.name import ServiceName
from dokkupy.services.service import Service
from dokkupy.testing.program import Program

from . import stub_service
from .stub_service import KIND, rows, write

if TYPE_CHECKING:
    from dokkupy.services.session import Session
    from tests.unit.asked import Asked
    from tests.unit.shop import Shop

DB, OTHER = ServiceName("db"), ServiceName("other")
SHOWS = Program(listen="0.0.0.0", body="served", show=("DATABASE_NAME", "STUB_OTHER_NAME"))


@pytest.fixture(autouse=True)
def kind(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kind of service `stub` take part."""
    monkeypatch.setitem(sys.modules, "stub_service", stub_service)
    monkeypatch.setattr(containers, "POLL_SECONDS", 0.005)
    shop.platform.hooks.add("stub", stub_service)


@pytest.fixture
def db(shop: Shop, report: Report) -> Service:
    """Give a service that runs."""
    return life.create(shop.platform, report, KIND, DB)


@pytest.fixture
def report(shop: Shop) -> Report:
    return Report(shop.told.append)


def now(shop: Shop, name: ServiceName = DB) -> Service:
    return services.find(shop.platform, "stub", name)


def session(shop: Shop, name: ServiceName = DB) -> Session:
    return containers.running(shop.platform, now(shop, name))


def engine_has(shop: Shop, service: Service) -> tuple[list[str], list[str]]:
    """Return the names of a service's containers and volumes."""
    labels = containers.labels(shop.platform, service)
    found = sorted(info.name for info in shop.engine.containers(labels))
    return found, shop.engine.volumes(labels)


def link_networks(shop: Shop) -> list[str]:
    found = shop.engine.networks({"dokkupy.root": shop.platform.root_id})
    return [name for name in found if "-link-" in name]


def link(shop: Shop, report: Report, name: ServiceName = DB, alias: str | None = None) -> None:
    linking.link(
        shop.platform,
        report,
        KIND,
        name,
        app=shop.name,
        alias=Alias(alias) if alias else None,
        restart=True,
    )


def told(shop: Shop) -> list[bytes]:
    [container] = shop.containers()
    return list(shop.engine.logs(container.id))


# Links.


def test_a_link_is_one_release_that_knows_the_service_and_is_on_its_network(
    shop: Shop, report: Report, db: Service
) -> None:
    shop.push(web=SHOWS)
    link(shop, report)
    assert shop.releases() == [(1, "superseded"), (2, "live")]
    assert told(shop)[0] == b"DATABASE_NAME=db"
    [network] = link_networks(shop)
    [container] = shop.containers()
    assert network in container.networks
    assert network in shop.engine.inspect(db.container).networks
    shop.assert_at_rest()


def test_an_unlinked_app_knows_nothing_and_its_network_is_gone(
    shop: Shop, report: Report, db: Service
) -> None:
    shop.push(web=SHOWS)
    link(shop, report)
    linking.unlink(shop.platform, report, KIND, DB, app=shop.name, restart=True)
    assert told(shop)[0] == b"DATABASE_NAME="
    assert link_networks(shop) == []
    with pytest.raises(NotFound):
        linking.unlink(shop.platform, report, KIND, DB, app=shop.name, restart=True)


def test_an_app_that_fails_its_checks_is_not_linked(
    shop: Shop, report: Report, db: Service
) -> None:
    shop.push(web="one")
    shop.end_when_started("web.1-2")
    with pytest.raises(DeployFailed):
        link(shop, report)
    assert links.of_service(shop.platform, db) == []
    assert link_networks(shop) == []
    shop.assert_serves("one", ["web.1 of 1"])


def test_an_app_that_fails_its_checks_without_the_service_stays_linked(
    shop: Shop, report: Report, db: Service
) -> None:
    shop.push(web=Program(listen="0.0.0.0", body="one", needs=()))
    link(shop, report)
    shop.end_when_started("web.1-3")
    with pytest.raises(DeployFailed):
        linking.unlink(shop.platform, report, KIND, DB, app=shop.name, restart=True)
    assert [one.app for one in links.of_service(shop.platform, db)] == [shop.name]
    assert len(link_networks(shop)) == 1
    shop.assert_serves("one", ["web.1 of 2"])


def test_an_app_that_is_not_deployed_knows_the_service_from_its_first_release(
    shop: Shop, report: Report, db: Service
) -> None:
    link(shop, report)
    assert shop.releases() == []
    shop.push(web=SHOWS)
    assert told(shop)[0] == b"DATABASE_NAME=db"


def test_a_second_service_gets_its_own_alias_until_it_is_promoted(
    shop: Shop, report: Report, db: Service
) -> None:
    life.create(shop.platform, report, KIND, OTHER)
    link(shop, report)
    link(shop, report, OTHER)
    aliases = {one.service: one.alias for one in links.of_app(shop.platform, shop.name)}
    assert aliases == {"stub/db": "DATABASE", "stub/other": "STUB_OTHER"}
    linking.promote(shop.platform, report, KIND, OTHER, app=shop.name, restart=True)
    aliases = {one.service: one.alias for one in links.of_app(shop.platform, shop.name)}
    assert aliases == {"stub/db": "STUB_DB", "stub/other": "DATABASE"}
    with pytest.raises(UsageError):
        linking.promote(shop.platform, report, KIND, OTHER, app=shop.name, restart=True)


def test_no_service_takes_the_place_of_one_that_was_unlinked_but_the_line_is_told(
    shop: Shop, report: Report, db: Service
) -> None:
    life.create(shop.platform, report, KIND, OTHER)
    link(shop, report)
    link(shop, report, OTHER)
    linking.unlink(shop.platform, report, KIND, DB, app=shop.name, restart=True)
    shown = showing.changed(shop.platform, db, shop.name, None)
    assert (shown.vacant, shown.others) == ("DATABASE", ("stub other",))
    assert f"dokkupy stub promote other {shop.name}" in shown.text()
    linking.promote(shop.platform, report, KIND, OTHER, app=shop.name, restart=True)
    shown = showing.changed(shop.platform, db, shop.name, None)
    assert shown.vacant == ""
    assert "promote" not in shown.text()


def test_an_alias_is_given_once(shop: Shop, report: Report, db: Service) -> None:
    life.create(shop.platform, report, KIND, OTHER)
    link(shop, report, DB, "CACHE")
    with pytest.raises(Conflict):
        link(shop, report, OTHER, "CACHE")
    with pytest.raises(Conflict):
        link(shop, report, DB)
    assert len(link_networks(shop)) == 1


def test_no_two_services_get_one_alias_by_themselves(
    shop: Shop, report: Report, db: Service
) -> None:
    for name in (OTHER, ServiceName("third")):
        life.create(shop.platform, report, KIND, name)
    link(shop, report, OTHER, "STUB_DB")
    link(shop, report, ServiceName("third"))
    with pytest.raises(Conflict, match="stub other as STUB_DB already"):
        link(shop, report)
    linking.unlink(shop.platform, report, KIND, ServiceName("third"), app=shop.name, restart=True)
    link(shop, report)
    link(shop, report, ServiceName("third"))
    before = links.of_app(shop.platform, shop.name)
    with pytest.raises(Conflict, match="stub other as STUB_DB, which stub db would get"):
        linking.promote(
            shop.platform, report, KIND, ServiceName("third"), app=shop.name, restart=True
        )
    assert links.of_app(shop.platform, shop.name) == before
    linking.promote(shop.platform, report, KIND, OTHER, app=shop.name, restart=True)
    assert {one.service: one.alias for one in links.of_app(shop.platform, shop.name)} == {
        "stub/db": "STUB_DB",
        "stub/other": "DATABASE",
        "stub/third": "STUB_THIRD",
    }


def test_a_linked_service_stays_and_a_destroyed_app_lets_go_of_it(
    shop: Shop, report: Report, db: Service
) -> None:
    shop.push(web="one")
    link(shop, report)
    with pytest.raises(Conflict, match="shop"):
        removing.remove(shop.platform, report, KIND, DB, backup=False)
    apps.destroy(shop.platform, shop.name, force=True)
    assert link_networks(shop) == []
    removing.remove(shop.platform, report, KIND, DB, backup=False)
    assert engine_has(shop, db) == ([], [])
    assert services.every(shop.platform) == []


def test_who_clones_an_app_is_told_of_the_services_that_the_clone_lacks(
    shop: Shop, report: Report, db: Service, ask: Asked
) -> None:
    link(shop, report)
    ask("apps clone", app="shop", new="second")
    told = [line.text for line in ask.told if line.stream == "warning"]
    assert told == ["second is not linked to stub db, as shop is: dokkupy stub link db second"]
    assert [one.app for one in links.of_service(shop.platform, db)] == [shop.name]


def test_without_the_plugin_of_its_service_an_app_serves_on_and_is_not_placed_anew(
    shop: Shop, report: Report, db: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.push(web=SHOWS)
    link(shop, report)
    monkeypatch.setattr(shop.platform.hooks, "services", list)
    with pytest.raises(PluginError, match="linked to stub db, which no plugin"):
        shop.push(web="without its database")
    assert told(shop)[0] == b"DATABASE_NAME=db"
    shop.assert_serves("served", ["web.1 of 2"])


def test_what_is_built_knows_nothing_of_services(shop: Shop, report: Report, db: Service) -> None:
    link(shop, report)
    layers = shop.platform.hooks.env_compile(app=shop.name, phase="build")
    assert [layer for layer in layers if layer.origin == "stub db"] == []


# Lives.


def test_a_server_that_ends_at_once_leaves_nothing(
    shop: Shop, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies = Program(line=("no room",), exits=1)
    monkeypatch.setattr(stub_service.Stub, "program", dies)
    with pytest.raises(DeployFailed) as caught:
        life.create(shop.platform, report, KIND, DB)
    assert "no room" in caught.value.detail
    assert services.every(shop.platform) == []
    assert shop.engine.volumes({"dokkupy.root": shop.platform.root_id}) == []
    assert list(shop.store.database.rows("SELECT * FROM addresses WHERE owner LIKE ':%'")) == []


def test_a_service_that_was_never_finished_is_undone_when_the_root_comes_up(
    shop: Shop, report: Report
) -> None:
    begun = Service.fresh(KIND, DB, wanted="", now=0.0)
    services.add(shop.platform, begun)
    shop.engine.ensure_volume("left", containers.labels(shop.platform, begun))
    assert power.up(shop.platform, report) == []
    assert services.every(shop.platform) == []
    assert engine_has(shop, begun) == ([], [])


def test_a_service_that_was_never_finished_can_be_made_again_or_removed(
    shop: Shop, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (DB, OTHER):
        begun = Service.fresh(KIND, name, wanted="", now=0.0)
        services.add(shop.platform, begun)
        shop.engine.ensure_volume(f"left-of-{name}", containers.labels(shop.platform, begun))
    with pytest.raises(Refused, match="never finished") as caught:
        link(shop, report)
    assert "dokkupy stub create db, or: dokkupy stub destroy db" in caught.value.hint
    asked: list[str] = []
    begun = now(shop, OTHER)
    with monkeypatch.context() as watched:
        watched.setattr(shop.engine, "remove", asked.append)
        watched.setattr(shop.engine, "stop", lambda name, _: asked.append(name))
        containers.stop(shop.platform, KIND, begun)
        containers.discard(shop.platform, begun, volume=False)
    assert asked == []  # an engine takes no container without a name
    made = life.create(shop.platform, report, KIND, DB)
    assert engine_has(shop, made) == ([made.container], [made.volume])
    assert removing.remove(shop.platform, report, KIND, OTHER, backup=True) is None
    assert shop.engine.volumes({"dokkupy.root": shop.platform.root_id}) == [made.volume]


def test_a_service_whose_last_backup_cannot_be_made_is_as_it_was(
    shop: Shop, report: Report, db: Service
) -> None:
    life.stop(shop.platform, report, KIND, DB)
    (shop.platform.paths.root / "backups").write_text("no folder")
    with pytest.raises(Refused, match="cannot be kept"):
        removing.remove(shop.platform, report, KIND, DB, backup=True)
    assert containers.state(shop.platform, db) == "exited"
    shop.engine.remove(db.container)
    with pytest.raises(Refused, match="does not run") as caught:
        removing.remove(shop.platform, report, KIND, DB, backup=True)
    assert caught.value.hint == "dokkupy stub start db"
    assert engine_has(shop, db) == ([], [db.volume])


def test_a_restart_that_fails_leaves_the_server_of_before(
    shop: Shop, report: Report, db: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(session(shop), ["kept"])
    with monkeypatch.context() as broken:
        broken.setattr(stub_service.Stub, "program", Program(exits=1))
        with pytest.raises(DeployFailed):
            life.restart(shop.platform, report, KIND, DB)
    assert now(shop) == db
    assert rows(session(shop)) == ["kept"]


def test_what_dead_work_has_left_goes_and_what_holds_data_stays(
    shop: Shop, report: Report, db: Service
) -> None:
    labels = containers.labels(shop.platform, db)
    for name in ("stray", "kept", "before"):
        shop.engine.ensure_volume(name, labels)
    services.keep(shop.platform, replace(db, kept=("kept",), before={"volume": "before"}))
    life.stop(shop.platform, report, KIND, DB)
    assert engine_has(shop, db) == ([db.container], sorted(["kept", "before", db.volume]))


def test_a_state_that_is_older_than_the_engines_takes_no_data_away(
    shop: Shop, report: Report, db: Service
) -> None:
    imported(shop, report, b"STUB\nwritten since\nEND\n")
    newer = now(shop)
    there = engine_has(shop, newer)
    services.keep(shop.platform, db)
    for work in (life.stop, life.restart, life.clean):
        with pytest.raises(StateError, match="older than") as caught:
            work(shop.platform, report, KIND, DB)
        assert newer.container in caught.value.hint
    services.forget(shop.platform, db)
    with pytest.raises(StateError, match="older than"):
        life.create(shop.platform, report, KIND, DB)
    assert engine_has(shop, newer) == there
    services.keep(shop.platform, newer)
    assert rows(session(shop)) == ["written since"]


def test_the_network_of_a_link_that_was_cut_short_goes_with_the_next_work(
    shop: Shop, report: Report, db: Service
) -> None:
    link(shop, report)
    [linked] = link_networks(shop)
    networks.fresh(shop.platform, db, AppName("another"), Alias("DATABASE"))
    assert len(link_networks(shop)) == 2
    life.stop(shop.platform, report, KIND, DB)
    assert link_networks(shop) == [linked]


def test_a_cleanup_of_the_root_lets_services_be(shop: Shop, report: Report, db: Service) -> None:
    found, _ = cleanup.survey(shop.platform)
    assert found == []
    assert cleanup.clean(shop.platform, shop.told.append) == []
    assert containers.state(shop.platform, db) == "running"


def test_a_stopped_service_stays_stopped_when_the_root_comes_up(
    shop: Shop, report: Report, db: Service
) -> None:
    life.create(shop.platform, report, KIND, OTHER)
    life.stop(shop.platform, report, KIND, OTHER)
    power.down(shop.platform, report)
    assert containers.state(shop.platform, db) == "exited"
    assert power.up(shop.platform, report) == []
    assert containers.state(shop.platform, db) == "running"
    assert containers.state(shop.platform, now(shop, OTHER)) == "exited"


def test_a_root_goes_down_whether_or_not_a_plugin_still_knows_its_services(
    shop: Shop, report: Report, db: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.platform.hooks, "services", list)
    power.down(shop.platform, report)
    assert containers.state(shop.platform, db) == "exited"


def test_a_port_that_is_taken_leaves_the_service_as_it_was(
    shop: Shop, report: Report, db: Service
) -> None:
    life.create(shop.platform, report, KIND, OTHER)
    given = {"address": "127.0.0.1", "port": 45678}
    life.expose(shop.platform, report, KIND, OTHER, **given)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        life.expose(shop.platform, report, KIND, DB, **given)  # type: ignore[arg-type]
    assert now(shop).host_address == ""
    assert containers.state(shop.platform, now(shop)) == "running"


def test_what_cannot_be_exposed_is_refused_before_the_service_is_stopped(
    shop: Shop, report: Report, db: Service
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for address, error in (("127.0.0.1", Conflict), ("203.0.113.9", UsageError)):
            given = {"address": address, "port": port}
            with pytest.raises(error, match=address):
                life.expose(shop.platform, report, KIND, DB, **given)
    assert now(shop) == db
    given = {"address": "127.0.0.1", "port": port}
    exposed = life.expose(shop.platform, report, KIND, DB, **given)
    for again in (port, 0):
        given = {"address": "127.0.0.1", "port": again}
        life.expose(shop.platform, report, KIND, DB, **given)
        assert now(shop) == exposed


# Data.


def imported(shop: Shop, report: Report, dump: bytes) -> int:
    return moving.import_(shop.platform, report, KIND, DB, source=io.BytesIO(dump))


def test_an_import_swaps_and_keeps_what_was_there(shop: Shop, report: Report, db: Service) -> None:
    write(session(shop), ["old"])
    link(shop, report)
    dump = b"STUB\nnew\nnewer\nEND\n"
    assert imported(shop, report, dump) == len(dump)
    assert rows(session(shop)) == ["new", "newer"]
    assert now(shop).kept == (db.volume,)
    assert link_networks(shop)[0] in shop.engine.inspect(now(shop).container).networks
    assert life.clean(shop.platform, report, KIND, DB) == [db.volume]
    assert engine_has(shop, db) == ([now(shop).container], [now(shop).volume])


@pytest.mark.parametrize(
    "dump", [b"", b"STUB\nhalf\n", b"MAGIC\nEND\n", b"STUB\npoison\nEND\n"], ids=lambda d: d[:12]
)
def test_a_dump_that_is_not_right_leaves_everything_as_it_was(
    shop: Shop, report: Report, db: Service, dump: bytes
) -> None:
    write(session(shop), ["old"])
    before = engine_has(shop, db)
    with pytest.raises(Refused):
        imported(shop, report, dump)
    assert rows(session(shop)) == ["old"]
    assert now(shop) == db
    assert engine_has(shop, db) == before


@pytest.mark.parametrize(
    ("head", "program"), [(b"\x1f\x8b\x08\x00", "gunzip"), (b"PK\x03\x04\x14", "unzip")]
)
def test_what_is_packed_is_refused_with_the_line_that_unpacks_it(
    shop: Shop, report: Report, db: Service, head: bytes, program: str
) -> None:
    with pytest.raises(Refused, match="compressed") as caught:
        imported(shop, report, head + b"STUB\nrow\nEND\n")
    assert program in caught.value.hint
    assert "| dokkupy stub import db" in caught.value.hint


def test_a_name_that_a_server_keeps_for_itself_is_turned_into_one_that_it_takes() -> None:
    kind = replace(KIND, reserved=("root", "pg_"))
    names = ("root", "pg-main", "pg", "page")
    found = [Service.fresh(kind, ServiceName(name), wanted="", now=0.0).database for name in names]
    assert found == ["root_data", "db_pg_main", "pg", "page"]


def test_a_clone_that_fails_is_not_there(
    shop: Shop, report: Report, db: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(session(shop), ["poison"])
    with pytest.raises(Refused):
        moving.clone(shop.platform, report, KIND, DB, new=OTHER)
    assert [one.name for one in services.every(shop.platform)] == [DB]


def test_no_password_is_in_a_repr_or_an_event(shop: Shop, report: Report, db: Service) -> None:
    link(shop, report)
    shown = repr(db) + repr(db.access) + repr(shop.store.events.list())
    assert db.password not in shown
    assert db.admin_password not in shown
