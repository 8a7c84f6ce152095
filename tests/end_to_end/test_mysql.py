"""ACCEPTANCE G: MySQL services, through the command line, with real apps and real drivers."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from dokkupy.testing.patience import eventually
from dokkupy.testing.traffic import Traffic

from .conftest import BROKEN, EXAMPLES, Root, docker, make_root, remove_root
from .notes import live, page, post

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NOTES = BROKEN / "mysql-flask"
BOARD = BROKEN / "mysql-django"
RATE = 40.0


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """Give a root with a service `db`, to which the app `notes` is linked."""
    made = make_root(tmp_path_factory.mktemp("mysql"))
    try:
        made.cli("mysql", "create", "db")
        made.deployed(NOTES, "notes")
        made.cli("mysql", "link", "db", "notes")
        assert post(made, "notes", "first") == "kept"
        yield made
    finally:
        remove_root(made)


def sql(root: Root, service: str, question: str) -> str:
    return root.cli("mysql", "connect", service, "--", "--batch", stdin=question.encode()).out


def test_bad_names_and_second_ones_are_refused(root: Root) -> None:
    for name in ("Db", "a_b", "../x", "-x", "1db", "x" * 40, "a;b"):
        root.cli("mysql", "create", "--", name, code=2)
    root.cli("mysql", "create", "db", code=4)
    root.cli("mysql", "info", "nothing", code=3)


def test_a_linked_app_works_with_its_database(root: Root) -> None:
    assert page(root, "notes", "/") == "with a database"
    assert "first" in page(root, "notes", "/notes")
    chain = root.json("config", "explain", "notes", "DATABASE_URL")
    assert [(row["rank"], row["origin"]) for row in chain] == [("service", "mysql db")]
    url = page(root, "notes", "/env/DATABASE_URL")
    parts = {k: page(root, "notes", f"/env/DATABASE_{k}") for k in ("HOST", "PORT", "NAME", "USER")}
    assert url.startswith("mysql://")
    assert all(part in url for part in parts.values())
    assert parts["HOST"] == "dokkupy-mysql-db"


def test_links_come_and_go_by_one_release_each_and_no_request_is_lost(root: Root) -> None:
    root.cli("mysql", "create", "second")
    before = live(root, "notes")
    with Traffic(root.port, "notes.localhost", rate=RATE) as traffic:
        root.cli("mysql", "link", "second", "notes")
        assert live(root, "notes") == before + 1
        assert page(root, "notes", "/env/MYSQL_SECOND_NAME") == "second"
        root.cli("mysql", "link", "second", "notes", code=4)
        root.cli("mysql", "destroy", "second", "--force", code=4)
        root.cli("mysql", "promote", "second", "notes")
        assert live(root, "notes") == before + 2
        assert page(root, "notes", "/env/DATABASE_NAME") == "second"
        assert page(root, "notes", "/env/MYSQL_DB_NAME") == "db"
        root.cli("mysql", "promote", "db", "notes")
        assert "promote" not in root.cli("mysql", "unlink", "second", "notes").out
        assert live(root, "notes") == before + 4
        assert page(root, "notes", "/env/MYSQL_SECOND_NAME") == ""
    assert traffic.tally.failed == []
    assert traffic.tally.answered > RATE
    root.cli("mysql", "unlink", "second", "notes", code=3)
    gone = root.cli("mysql", "destroy", "second", "--force").out
    assert "backup" in gone
    assert root.json("mysql", "backups", "second")[0]["reason"] == "destroy"


def test_nobody_but_linked_apps_reaches_a_service_and_they_do_not_reach_each_other(
    root: Root,
) -> None:
    other, _ = root.deployed(NOTES, "other")
    address = docker(
        "inspect",
        "--format={{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}",
        root.json("mysql", "info", "db")["container"],
    ).split()
    for place in ("dokkupy-mysql-db", *address):
        assert page(root, other, f"/reach/{place}/3306").startswith("no")
    root.cli("mysql", "link", "db", other)
    assert page(root, other, "/reach/dokkupy-mysql-db/3306") == "yes"
    theirs = [a for a in eval_list(page(root, "notes", "/addresses")) if not a.startswith("127.")]
    assert len(theirs) == 2
    for place in theirs:
        assert page(root, other, f"/reach/{place}/5000").startswith("no")
    root.cli("apps", "destroy", other, "--force")
    assert [row["app"] for row in root.json("mysql", "links", "db")] == ["notes"]
    root_id = root.json("init")["root_id"]
    links = docker("network", "ls", f"--filter=label=dokkupy.root={root_id}", "--format={{.Name}}")
    assert len([name for name in links.split() if "-link-" in name]) == 1
    assert "first" in page(root, "notes", "/notes")


def eval_list(text: str) -> list[str]:
    return [item.strip(' "') for item in text.strip("[]\n").split(",")]


def test_a_link_follows_the_name_of_its_app(root: Root) -> None:
    root.cli("apps", "rename", "notes", "memos")
    assert [row["app"] for row in root.json("mysql", "links")] == ["memos"]
    assert "first" in page(root, "memos", "/notes")
    root.cli("apps", "rename", "memos", "notes")


def test_django_migrates_in_its_release_task(root: Root) -> None:
    root.cli("mysql", "create", "board")
    root.create("board")
    root.cli("mysql", "link", "board", "board")
    root.push(root.tree(BOARD), "board")
    assert page(root, "board", "/add/hello") == "kept"
    assert page(root, "board", "/cards") == '["hello"]'
    assert "board_card" in sql(root, "board", "SHOW TABLES")


def test_restarts_of_the_service_keep_data_and_address(root: Root) -> None:
    url = page(root, "notes", "/env/DATABASE_URL")
    post(root, "notes", "before the restart")
    kept = page(root, "notes", "/notes")
    root.cli("mysql", "restart", "db")
    assert page(root, "notes", "/notes") == kept
    root.cli("mysql", "stop", "db")
    assert root.json("mysql", "info", "db")["state"] == "exited"
    root.cli("mysql", "start", "db")
    assert page(root, "notes", "/notes") == kept
    assert page(root, "notes", "/env/DATABASE_URL") == url


def test_dumps_go_out_and_in_and_a_bad_one_changes_nothing(root: Root) -> None:
    post(root, "notes", "in the dump")
    dump = root.cli("mysql", "export", "db").out.encode()
    post(root, "notes", "after the dump")
    refused = root.cli("mysql", "import", "db", stdin=dump[:-200], code=5)
    assert "not all there" in refused.err
    root.cli("mysql", "import", "db", stdin=b"SELECT 1;", code=5)
    assert "after the dump" in page(root, "notes", "/notes")
    root.cli("mysql", "import", "db", stdin=dump)
    assert "after the dump" not in page(root, "notes", "/notes")
    assert "in the dump" in page(root, "notes", "/notes")
    assert root.json("mysql", "info", "db")["kept_volumes"]
    root.cli("mysql", "clean", "db", code=5)
    root.cli("mysql", "clean", "db", "--force")
    assert root.json("mysql", "info", "db")["kept_volumes"] == []


def test_backups_are_made_listed_proved_thinned_out_and_restored(
    root: Root, tmp_path: Path
) -> None:
    post(root, "notes", "in the backup")
    root.cli("mysql", "backup-passphrase", "db", stdin=b"four words and one more\n")
    root.cli("mysql", "schedule", "db", "--every", "10m", "--keep", "1", "--to", str(tmp_path))
    assert [row["service"] for row in root.json("services", "backup-due")] == ["mysql db"]
    assert root.json("mysql", "backup-due") == root.json("services", "backup-due") == []
    scheduled = {row["name"]: row["schedule"] for row in root.json("services")}
    assert scheduled["db"] == "10m"
    made = root.json("mysql", "backup", "db")
    assert made["sealed"]
    assert all(b"in the backup" not in file.read_bytes() for file in tmp_path.rglob("*.dump*"))
    assert [row["reason"] for row in root.json("mysql", "backups", "db")] == ["schedule", "asked"]
    root.cli("mysql", "backup-verify", "db")
    post(root, "notes", "after the backup")
    root.cli("mysql", "restore", "db", made["id"])
    kept = page(root, "notes", "/notes")
    assert "in the backup" in kept
    assert "after the backup" not in kept
    root.cli("mysql", "restore", "db", "19990101-000000", code=3)
    root.cli("mysql", "unschedule", "db")


def test_an_exposed_service_is_there_for_this_host_alone(root: Root) -> None:
    inside = root.cli("mysql", "url", "db").out.strip()
    assert inside == page(root, "notes", "/env/DATABASE_URL")
    root.cli("mysql", "expose", "db")
    where = root.json("mysql", "info", "db")["exposed"]
    host, _, port = where.partition(":")
    assert host == "127.0.0.1"
    assert _greets(host, int(port))
    assert root.json("mysql", "url", "db")["url"] == inside.replace("dokkupy-mysql-db:3306", where)
    assert "first" in page(root, "notes", "/notes")
    root.cli("mysql", "restart", "db")
    assert root.json("mysql", "info", "db")["exposed"] == where
    assert _greets(host, int(port))
    root.cli("mysql", "expose", "db", "1", "--address", "192.0.2.1", code=None)
    assert root.json("mysql", "info", "db")["exposed"] == where
    root.cli("mysql", "unexpose", "db")
    assert not _greets(host, int(port))


def _greets(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.settimeout(5)
            return b"MariaDB" in connection.recv(200)
    except OSError:
        return False


def test_down_and_up_bring_services_back_before_their_apps(root: Root) -> None:
    post(root, "notes", "before going down")
    kept = page(root, "notes", "/notes")
    root.cli("down")
    assert root.json("mysql", "info", "db")["state"] == "exited"
    root.cli("up")
    assert root.json("mysql", "info", "db")["state"] == "running"
    eventually(lambda: root.get("notes.localhost").status == 200, timeout=60)
    assert page(root, "notes", "/notes") == kept


def test_the_password_is_nowhere_but_where_it_is_needed(root: Root) -> None:
    root.create("quiet")
    root.push(root.tree(EXAMPLES / "probe"), "quiet")
    seen: set[str] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            for entry in Path("/proc").iterdir():
                if entry.name.isdecimal():
                    try:
                        seen.add((entry / "cmdline").read_bytes().decode("utf-8", "replace"))
                    except OSError:
                        continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        said = [
            root.cli(*words, stdin=stdin)
            for words, stdin in (
                (("mysql", "create", "quiet"), b""),
                (("mysql", "link", "quiet", "quiet"), b""),
                (("mysql", "backup", "quiet"), b""),
                (("mysql", "connect", "quiet"), b"SELECT 1;"),
                (("mysql", "unlink", "quiet", "quiet"), b""),
                (("mysql", "logs", "quiet"), b""),
                (("mysql", "info", "quiet", "--json"), b""),
                (("events", "--json"), b""),
            )
        ]
    finally:
        stop.set()
        watcher.join()
    passwords = _passwords(root, "quiet")
    inspected = docker("inspect", root.json("mysql", "info", "quiet")["container"])
    files = [f for f in root.path.rglob("*") if f.is_file() and not f.name.startswith("state.db")]
    everything = "".join([*seen, *(d.out + d.err for d in said), inspected])
    everything += b"".join(file.read_bytes() for file in files).decode("utf-8", "replace")
    for password in passwords:
        assert password not in everything
        assert quote(password) not in everything


def _passwords(root: Root, service: str) -> list[str]:
    program = (
        "import sys, pathlib\n"
        "from dokkupy.platform import Platform\n"
        "from dokkupy.services import service as s\n"
        "found = s.find(Platform(pathlib.Path(sys.argv[1])), 'mysql', sys.argv[2])\n"
        "print(found.password, found.admin_password)\n"
    )
    command = [sys.executable, "-c", program, str(root.path), service]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
