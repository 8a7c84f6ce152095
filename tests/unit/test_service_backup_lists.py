"""Which backups of a service there are: in order whatever the clock said, readable or not."""

from __future__ import annotations

import io
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dokkupy.errors import Refused, StateError, UsageError
from dokkupy.operations.registry import Stdin
from dokkupy.report import Report
from dokkupy.services import backup_operations, backups, containers, life, manifest
from dokkupy.services import service as services
from dokkupy.services.service import Service
from dokkupy.services.vault import FolderVault, open_vault

from . import stub_service
from .stub_service import KIND, rows, write
from .test_services import DB, now, session

if TYPE_CHECKING:
    from collections.abc import Callable

    from dokkupy.services.manifest import Manifest
    from dokkupy.services.session import Session
    from tests.unit.shop import Shop

DAY = 24 * 3600.0
YEAR = 365 * DAY


@pytest.fixture
def report(shop: Shop) -> Report:
    return Report(shop.told.append)


@pytest.fixture(autouse=True)
def db(shop: Shop, report: Report, monkeypatch: pytest.MonkeyPatch) -> Service:
    """Give a service that runs, backed up every day, two of which are kept."""
    monkeypatch.setitem(sys.modules, "stub_service", stub_service)
    monkeypatch.setattr(containers, "POLL_SECONDS", 0.005)
    shop.platform.hooks.add("stub", stub_service)
    made = replace(life.create(shop.platform, report, KIND, DB), every="1d", keep=2)
    services.keep(shop.platform, made)
    return made


def made(shop: Shop, report: Report) -> Manifest:
    return backups.backup(shop.platform, report, KIND, DB)


def scheduled(shop: Shop, report: Report) -> str | None:
    found = backups.scheduled(shop.platform, report, KIND, DB)
    return found.id if found else None


def ids(shop: Shop) -> list[str]:
    return [one.id for one in manifest.every(open_vault(shop.platform, ""), "stub", DB)]


def test_two_backups_of_one_second_are_two(
    shop: Shop, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_795_000_000.0)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(1_795_000_000.0))
    for count in range(3):
        write(session(shop), ["row"] * count)
        made(shop, report)
    assert ids(shop) == [stamp, f"{stamp}-2", f"{stamp}-3"]
    for place, wanted in enumerate(ids(shop)):
        given: dict[str, Any] = {"wanted": wanted, "place": "", "of": ""}
        assert backups.restore(shop.platform, report, KIND, DB, **given).most == {"rows": place}


def test_a_clock_that_was_years_ahead_keeps_no_later_backup_from_being_made_or_kept(
    shop: Shop, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = time.time
    clock = [5 * YEAR, 5 * YEAR + DAY]
    with monkeypatch.context() as wrong:
        wrong.setattr(time, "time", lambda: right() + clock[0])
        scheduled(shop, report)
        clock.pop(0)
        ahead = scheduled(shop, report)
    assert backups.due(shop.platform, now(shop), time.time())
    first = scheduled(shop, report)
    assert ids(shop) == [ahead, first]
    assert manifest.find(open_vault(shop.platform, ""), "stub", DB, "").id == first
    assert not backups.due(shop.platform, now(shop), time.time())
    assert backups.due(shop.platform, now(shop), time.time() + DAY)


def test_two_timers_make_one_backup(shop: Shop, report: Report) -> None:
    late = now(shop)
    assert backups.due(shop.platform, late, time.time())  # the one that then waits for the lock
    first = scheduled(shop, report)
    assert scheduled(shop, report) is None
    assert ids(shop) == [first]


def spoiled_by_nobody(text: dict[str, object]) -> str:
    return json.dumps(text)[:-20]


def of_a_newer_dokkupy(text: dict[str, object]) -> str:
    return json.dumps(text | {"format": 99})


def leading_elsewhere(text: dict[str, object]) -> str:
    return json.dumps(text | {"id": "../../../state"})


def of_other_types(text: dict[str, object]) -> str:
    return json.dumps(text | {"began_at": "yesterday"})


@pytest.mark.parametrize(
    "spoil", [spoiled_by_nobody, of_a_newer_dokkupy, leading_elsewhere, of_other_types]
)
def test_one_that_cannot_be_read_is_shown_and_keeps_nobody_from_the_others(
    shop: Shop, report: Report, spoil: Callable[[dict[str, object]], str]
) -> None:
    good, bad = made(shop, report), made(shop, report)
    write(session(shop), ["written since"])
    file = shop.platform.paths.root / "backups" / f"{bad.base}.json"
    file.write_text(spoil(json.loads(file.read_text())))
    listed = backup_operations.backups(shop.platform, "stub", DB)
    assert [(row.id, row.reason) for row in listed] == [
        (good.id, "asked"),
        (bad.id, "cannot be read"),
    ]
    for wanted in ("", bad.id):
        given: dict[str, Any] = {"wanted": wanted, "place": "", "of": ""}
        with pytest.raises(StateError, match=f"{bad.id} of stub db cannot be read") as caught:
            backups.restore(shop.platform, report, KIND, DB, **given)
        assert "dokkupy stub backups db" in caught.value.hint
    assert rows(session(shop)) == ["written since"]
    given = {"wanted": good.id, "place": "", "of": ""}
    backups.restore(shop.platform, report, KIND, DB, **given)
    assert rows(session(shop)) == []
    assert backups.due(shop.platform, now(shop), time.time())
    assert scheduled(shop, report)


def test_rows_that_come_and_go_while_it_is_made_do_not_spoil_a_backup(
    shop: Shop, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    dumped = stub_service.Stub.dump

    def busy(self: stub_service.Stub, talk: Session, sink: Callable[[bytes], object]) -> None:
        write(talk, ["a job", "another job", "one more"])
        dumped(self, talk, sink)
        write(talk, [])

    monkeypatch.setattr(stub_service.Stub, "dump", busy)
    blind = made(shop, report)
    given: dict[str, Any] = {"wanted": blind.id, "place": "", "of": ""}
    with pytest.raises(Refused, match="does not hold what was there") as caught:
        backups.restore(shop.platform, report, KIND, DB, **given)
    assert f"dokkupy stub restore db {blind.id} --no-count" in caught.value.hint
    backups.restore(shop.platform, report, KIND, DB, **given, count=False)
    assert rows(session(shop)) == ["a job", "another job", "one more"]
    assert "rows: 3 rows, not 0" in [line.text for line in shop.told]
    write(session(shop), [])
    monkeypatch.setattr(stub_service.Stub, "row_counter", lambda _: Lines(), raising=False)
    found = made(shop, report)
    assert (found.least, found.most) == ({"rows": 0}, {"rows": 3})
    backups.verify(shop.platform, report, KIND, DB, wanted=found.id, place="")


class Lines:
    def __init__(self) -> None:
        self._seen = b""

    def write(self, piece: bytes) -> None:
        self._seen += piece

    def counts(self) -> dict[str, int]:
        return {"rows": self._seen.count(b"\n") - 2}


@pytest.mark.parametrize(
    "line", [b"", b"too short\n", b"\xff\xfe" * 20, b"a\0b" * 20, b"x" * 5000], ids=len
)
def test_a_passphrase_that_nobody_could_type_again_is_refused(shop: Shop, line: bytes) -> None:
    given = Stdin(io.BytesIO(line))
    with pytest.raises(UsageError, match="a line of text"):
        backup_operations.backup_passphrase(shop.platform, "stub", DB, given)
    assert not now(shop).passphrase


def test_a_folder_that_is_none_is_told_by_every_way_in(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder" / "a").mkdir(parents=True)
    none, some = FolderVault(tmp_path / "file"), FolderVault(tmp_path / "folder")
    for ask in (
        lambda: none.names("stub/db/"),
        lambda: none.put("a/b", io.BytesIO()),
        lambda: some.remove("a"),
    ):
        with pytest.raises(Refused, match="Backups cannot be kept in"):
            ask()
    assert some.names("stub/db/") == []
