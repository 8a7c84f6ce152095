"""The state file: whole transactions or none, from any number of processes and threads."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dokkupy.errors import StateError
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.store import Store
from dokkupy.store.schema import MIGRATIONS

SHOP = AppName("shop")


class Stopped(BaseException):
    """What no `except Exception` catches."""


def test_the_file_is_its_owners_alone(paths: Paths, store: Store) -> None:
    store.meta.set("domain", "a.test")
    for file in paths.root.glob("state.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert (paths.root / "state.db-wal").exists()


def test_a_lax_umask_does_not_open_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Store.create(tmp_path / "state.db")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "state.db").stat().st_mode) == 0o600


def test_making_it_again_keeps_what_is_in_it(paths: Paths, store: Store) -> None:
    store.meta.set("domain", "a.test")
    Store.create(paths.state_db)
    assert Store(paths.state_db).meta.get("domain") == "a.test"


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StateError) as error:
        Store(tmp_path / "state.db").meta.get("domain")
    assert error.value.message == f"There is no dokkupy root at {tmp_path}."
    assert error.value.hint == f"Make one: dokkupy --root {tmp_path} init"
    assert not (tmp_path / "state.db").exists()


def test_a_newer_schema_is_refused_and_left_alone(paths: Paths, store: Store) -> None:
    store.meta.set("domain", "a.test")
    store.close()
    newer = len(MIGRATIONS) + 1
    with sqlite3.connect(paths.state_db) as raw:
        raw.execute(f"PRAGMA user_version = {newer}")
    raw.close()
    with pytest.raises(StateError) as error:
        store.meta.get("domain")
    assert error.value.message == (
        f"{paths.state_db} was written by a newer dokkupy (schema {newer})."
    )
    assert "upgrade" in error.value.hint


@pytest.mark.parametrize("content", [b"no database at all, but long enough\n" * 200, b"\0" * 8192])
def test_a_file_of_something_else_is_told_damaged(paths: Paths, content: bytes) -> None:
    paths.state_db.write_bytes(content)
    with pytest.raises(StateError, match="is damaged: file is not a database") as error:
        Store(paths.state_db).meta.get("domain")
    assert "backup" in error.value.hint


def test_an_emptied_file_is_not_taken_for_a_new_root(paths: Paths, store: Store) -> None:
    store.apps.create(SHOP)
    store.close()
    paths.state_db.write_bytes(b"")
    Store.create(paths.state_db)
    with pytest.raises(StateError, match="is damaged: it is empty") as error:
        Store(paths.state_db).apps.list()
    assert "backup" in error.value.hint
    assert paths.state_db.stat().st_size == 0


def test_a_file_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dokkupy.store.database.MIGRATIONS", (*MIGRATIONS, "NONSENSE"))
    with pytest.raises(StateError):
        Store.create(tmp_path / "state.db")
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_torn_pages_is_told_damaged(paths: Paths, store: Store) -> None:
    store.apps.create(SHOP)
    store.close()
    with paths.state_db.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (paths.state_db.stat().st_size - 4096))
    with pytest.raises(StateError, match="is damaged"):
        Store(paths.state_db).apps.list()


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    paths: Paths, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.meta.set("domain", "a.test")
    store.close()
    broken = (*MIGRATIONS, "CREATE TABLE more (a TEXT);\nNONSENSE")
    monkeypatch.setattr("dokkupy.store.database.MIGRATIONS", broken)
    with pytest.raises(StateError, match="syntax error"):
        store.meta.get("domain")
    monkeypatch.setattr("dokkupy.store.database.MIGRATIONS", MIGRATIONS)
    assert store.meta.get("domain") == "a.test"
    assert store.database.row("SELECT 1 FROM sqlite_schema WHERE name = 'more'") is None


def test_a_migration_that_comes_later_lifts_a_file_with_content(
    paths: Paths, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.meta.set("domain", "a.test")
    store.close()
    more = (*MIGRATIONS, "ALTER TABLE meta ADD COLUMN note TEXT;\nUPDATE meta SET note = key")
    monkeypatch.setattr("dokkupy.store.database.MIGRATIONS", more)
    [row] = store.database.rows("SELECT note, value FROM meta")
    assert tuple(row) == ("domain", "a.test")


def test_a_raised_exception_undoes_the_whole_transaction(store: Store) -> None:
    def all_at_once() -> None:
        with store.write():
            store.apps.create(SHOP)
            store.config.change(SHOP, {"A": "1"})
            store.meta.set("domain", "a.test")
            raise Stopped

    with pytest.raises(Stopped):
        all_at_once()
    assert store.apps.list() == []
    assert store.meta.get("domain") == ""
    assert store.events.list() == []
    store.meta.set("domain", "b.test")
    assert store.meta.get("domain") == "b.test"


def test_a_caught_failure_of_an_inner_block_keeps_the_outer_one(store: Store) -> None:
    with store.write():
        store.meta.set("a", "1")
        try:
            with store.write():
                store.meta.set("b", "2")
                raise KeyError
        except KeyError:
            pass
        store.meta.set("c", "3")
    assert [store.meta.get(key) for key in "abc"] == ["1", "2", "3"]


def test_nobody_else_sees_a_transaction_before_its_end(paths: Paths, store: Store) -> None:
    other = Store(paths.state_db)
    with store.write():
        store.meta.set("domain", "a.test")
        assert store.meta.get("domain") == "a.test"
        assert other.meta.get("domain") == ""
    assert other.meta.get("domain") == "a.test"
    other.close()


def test_commits_are_told_once_for_a_nest_of_blocks_and_rollbacks_too(store: Store) -> None:
    told: list[str] = []
    store.database.after_commit(lambda: told.append("commit"))
    store.database.after_rollback(lambda: told.append("rollback"))
    with store.write(), store.write():
        store.meta.set("a", "1")
    assert told == ["commit"]
    with pytest.raises(Stopped), store.write(), store.write():
        raise Stopped
    assert told == ["commit", "rollback"]


def test_who_is_told_of_a_commit_may_write_in_turn(store: Store) -> None:
    def once() -> None:
        if not store.meta.get("b"):
            store.meta.set("b", store.meta.get("a"))

    store.database.after_commit(once)
    store.meta.set("a", "1")
    assert store.meta.get("b") == "1"


def test_a_full_disk_is_told_and_undone_and_does_not_block_what_comes_after(
    tmp_path: Path,
) -> None:
    Store.create(tmp_path / "state.db")
    store = Store(tmp_path / "state.db")
    store.meta.set("a", "1")
    pages = store.database.connection.execute("PRAGMA page_count").fetchone()[0]
    store.database.connection.execute(f"PRAGMA max_page_count = {pages}")
    told: list[str] = []
    store.database.after_rollback(lambda: told.append("rollback"))

    def fill() -> None:
        with store.write():
            store.meta.set("a", "2")
            store.meta.set("large", "x" * 100_000)

    with pytest.raises(StateError) as error:
        fill()
    assert "is full" in error.value.message
    assert "df -h" in error.value.hint
    assert told == ["rollback"]
    assert store.meta.get("a") == "1"
    store.meta.set("a", "3")
    assert store.meta.get("a") == "3"
    store.close()


def test_a_writer_that_waits_too_long_says_so(
    paths: Paths, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dokkupy.store.database.BUSY_TIMEOUT_SECONDS", 0.05)
    other = Store(paths.state_db)
    with store.write(), pytest.raises(StateError, match="database is locked") as error:
        other.meta.set("a", "1")
    assert f"fuser -v {paths.state_db}" in error.value.hint
    other.meta.set("a", "2")
    assert store.meta.get("a") == "2"
    other.close()


def test_what_breaks_a_rule_of_the_tables_is_no_damage(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.documents.set("nobody", "noun", "key", 1)


def test_each_thread_has_a_connection_of_its_own(store: Store) -> None:
    store.meta.set("n", "0")

    def add() -> None:
        for _ in range(20):
            with store.write():
                store.meta.set("n", str(int(store.meta.get("n")) + 1))
        store.close()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.meta.get("n") == "80"


def test_a_closed_store_opens_again_on_use(store: Store) -> None:
    store.meta.set("a", "1")
    store.close()
    store.close()
    assert store.meta.get("a") == "1"


PROCESSES, TIMES = 8, 50


COUNT = """
import sys
from pathlib import Path
from dokkupy.store import Store

print("ready", flush=True)
sys.stdin.read()
store = Store(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    with store.write():
        seen = store.config.get("").get("N", "0")
        store.config.change("", {"N": str(int(seen) + 1)})
"""


def test_eight_processes_that_read_then_write_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    Store.create(path)
    command = [sys.executable, "-c", COUNT, str(path), str(TIMES)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
    for process in processes:  # so that all of them open the new file at the same moment
        assert process.stdin
        process.stdin.close()
    for process in processes:
        assert process.stdout
        process.stdout.close()
        assert process.wait() == 0
    store = Store(path)
    assert store.config.get("") == {"N": str(PROCESSES * TIMES)}
    assert len(store.events.list(limit=1000)) == PROCESSES * TIMES
    store.close()


def test_a_copy_of_the_files_is_a_whole_store(paths: Paths, store: Store, tmp_path: Path) -> None:
    store.apps.create(SHOP)
    store.close()
    shutil.copytree(paths.root, tmp_path / "copy")
    copy = Store(tmp_path / "copy" / "state.db")
    assert [app.name for app in copy.apps.list()] == [SHOP]
    copy.close()
