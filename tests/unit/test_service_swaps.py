"""A server that takes the place of another: in order, or not at all."""

from __future__ import annotations

import io
import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dokkupy.errors import EngineError
from dokkupy.report import Report
from dokkupy.services import containers, life, moving, networks, standing
from dokkupy.services import service as services
from dokkupy.services.service import Service

from . import stub_service
from .stub_service import KIND, rows, write
from .test_services import DB, engine_has, imported, link, link_networks, now, session

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from tests.unit.shop import Shop


@pytest.fixture
def report(shop: Shop) -> Report:
    return Report(shop.told.append)


@pytest.fixture
def db(shop: Shop, report: Report, monkeypatch: pytest.MonkeyPatch) -> Service:
    """Give a service that runs."""
    monkeypatch.setitem(sys.modules, "stub_service", stub_service)
    monkeypatch.setattr(containers, "POLL_SECONDS", 0.005)
    shop.platform.hooks.add("stub", stub_service)
    return life.create(shop.platform, report, KIND, DB)


def test_the_server_of_before_has_ended_when_another_takes_its_name(
    shop: Shop, report: Report, db: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    link(shop, report)
    before: list[str] = []
    join = networks.join

    def joined(platform: Platform, service: Service) -> None:
        before.append(containers.state(shop.platform, db))
        join(platform, service)

    monkeypatch.setattr(networks, "join", joined)
    imported(shop, report, b"STUB\nnew\nEND\n")
    assert before == ["exited"]


@pytest.mark.parametrize("step", ["join", "keep", "promote"])
def test_a_swap_that_fails_leaves_the_server_of_before_serving(
    shop: Shop, report: Report, db: Service, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    write(session(shop), ["old"])
    link(shop, report)
    home = {"join": networks, "keep": services, "promote": containers}[step]
    real = getattr(home, step)

    def fails(platform: Platform, service: Service, *more: str) -> None:
        if service.container != db.container:
            raise EngineError("No room.")
        real(platform, service, *more)

    with monkeypatch.context() as broken:
        broken.setattr(home, step, fails)
        with pytest.raises(EngineError, match="No room"):
            imported(shop, report, b"STUB\nnew\nEND\n")
    assert now(shop) == db
    assert rows(session(shop)) == ["old"]
    assert link_networks(shop)[0] in shop.engine.inspect(db.container).networks
    assert engine_has(shop, db) == ([db.container], [db.volume])


def test_a_service_that_dead_work_has_stopped_is_started_by_what_is_asked_next(
    shop: Shop, report: Report, db: Service
) -> None:
    with suppress(KeyboardInterrupt), standing.still(shop.platform, KIND, db):
        left = now(shop)
        raise KeyboardInterrupt
    services.keep(shop.platform, left)
    shop.engine.stop(db.container, 1)
    link(shop, report)
    assert now(shop) == db
    assert containers.state(shop.platform, db) == "running"


def test_what_is_said_of_backups_while_others_work_stays_said(
    shop: Shop, report: Report, db: Service
) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            services.keep(shop.platform, replace(now(shop), every="6h", passphrase="of twelve"))
            return super().read(size)

    source = Slow(b"STUB\nnew\nEND\n")
    moving.import_(shop.platform, report, KIND, DB, source=source)
    assert (now(shop).every, now(shop).passphrase) == ("6h", "of twelve")
