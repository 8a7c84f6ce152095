"""ACCEPTANCE G: Redis services, through the command line, with a real app and driver."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from dokkupy.testing.traffic import Traffic

from .conftest import BROKEN, Root, make_root, remove_root
from .notes import live, page, post, written_through_disasters

pytestmark = [pytest.mark.engine, pytest.mark.slow]

RATE = 20.0


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """Give a root with a service `store`, and the app `notes` that is not linked to it yet."""
    made = make_root(tmp_path_factory.mktemp("redis"))
    try:
        made.cli("redis", "create", "store")
        made.deployed(BROKEN / "redis-flask", "notes")
        yield made
    finally:
        remove_root(made)


def ask(root: Root, *words: str) -> str:
    return root.cli("redis", "connect", "store", "--", *words).out


def dump_of(root: Root) -> bytes:
    words = [sys.executable, "-m", "dokkupy", "--root", str(root.path), "redis", "export", "store"]
    return subprocess.run(words, capture_output=True, check=True).stdout


def test_a_link_is_one_release_and_loses_no_request(root: Root) -> None:
    before = live(root, "notes")
    with Traffic(root.port, "notes.localhost", rate=RATE) as traffic:
        root.cli("redis", "link", "store", "notes")
    assert traffic.tally.failed == []
    assert traffic.tally.answered > RATE
    assert live(root, "notes") == before + 1
    assert page(root, "notes", "/") == "with a store"
    assert page(root, "notes", "/env/REDIS_URL").startswith("redis://:")
    assert page(root, "notes", "/env/DATABASE_URL") == ""
    assert post(root, "notes", "first") == "kept"
    assert "first" in page(root, "notes", "/notes")
    root.cli("redis", "destroy", "store", "--force", code=4)


def test_every_acknowledged_write_outlives_kills_stops_and_restarts(root: Root) -> None:
    written = written_through_disasters(root, "redis", "store")
    found = ask(root, "LRANGE", "notes", "0", "-1").splitlines()
    assert [n for n in written if f"number {n}." not in found] == []


def test_dumps_go_out_and_in(root: Root) -> None:
    kept = page(root, "notes", "/notes")
    dump = dump_of(root)
    post(root, "notes", "after the dump")
    root.cli("redis", "import", "store", stdin=dump[:-9], code=5)
    assert "after the dump" in page(root, "notes", "/notes")
    root.cli("redis", "import", "store", stdin=dump)
    assert page(root, "notes", "/notes") == kept


def test_a_service_becomes_a_cache_and_an_import_leaves_it_one(root: Root) -> None:
    dump = dump_of(root)
    kept = page(root, "notes", "/notes")
    root.cli("redis", "mode", "store", "cache", "--size", "16m")
    assert page(root, "notes", "/notes") == "[]"
    assert ask(root, "CONFIG", "GET", "maxmemory").split()[1] == str(16 * 1024**2)
    root.cli("redis", "import", "store", stdin=dump)
    assert page(root, "notes", "/notes") == kept
    assert ask(root, "CONFIG", "GET", "appendonly").split()[1] == "no"
    root.cli("redis", "mode", "store", "sometimes", code=2)
    root.cli("redis", "mode", "store", "persistent")
    assert post(root, "notes", "kept again") == "kept"


def test_what_is_unlinked_can_be_destroyed_and_leaves_a_backup(root: Root) -> None:
    root.cli("redis", "unlink", "store", "notes")
    assert page(root, "notes", "/") == "without a store"
    assert "backup" in root.cli("redis", "destroy", "store", "--force").out
    assert [row["reason"] for row in root.json("redis", "backups", "store")][-1] == "destroy"
