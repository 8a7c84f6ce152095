from __future__ import annotations

import re
from typing import Any

import pytest

from dokkupy.errors import EngineError
from dokkupy.platform import Platform
from dokkupy.services import backups, containers, life, moving
from dokkupy.services import service as services
from dokkupy.services.name import ServiceName
from dokkupy.services.service import Service
from dokkupy.services.session import Session
from dokkupy.services.vault import open_vault
from dokkupy.testing.contracts.service_fixtures import REPORT
from dokkupy.testing.suites import DumpingServiceContract
from dokkupy_mysql.plugin import MYSQL
from dokkupy_mysql.server import MySQL


@pytest.mark.engine
@pytest.mark.slow
class TestMysql(DumpingServiceContract):
    kind = MYSQL

    def write(self, session: Session, word: str) -> None:
        ask(session, "CREATE TABLE IF NOT EXISTS words (id INT AUTO_INCREMENT PRIMARY KEY, w TEXT)")
        ask(session, f"INSERT INTO words (w) VALUES ('{word}')")  # noqa: S608 - our own

    def read(self, session: Session) -> list[str]:
        return ask(session, "SELECT w FROM words ORDER BY id").splitlines()[1:]

    def newer(self, dump: bytes) -> bytes | None:
        return re.sub(rb"(?m)^(-- Server version\s+)\d+", rb"\g<1>99", dump)

    def test_nobody_gets_in_without_a_password(self, platform: Platform, service: Service) -> None:
        talk = containers.session(platform, service)
        for host in ("localhost", "127.0.0.1", "::1"):
            with pytest.raises(EngineError, match="exit code 1"):
                talk.run(["mariadb", "--no-defaults", "--user=root", f"--host={host}"])

    def test_what_was_loaded_is_on_the_disk_as_every_later_commit_is(
        self, platform: Platform, service: Service
    ) -> None:
        self._imported(platform, self.dumped(platform))
        kept = ask(self.session(platform), "SELECT @@GLOBAL.innodb_flush_log_at_trx_commit")
        assert kept.split()[-1] == "1"

    def test_a_backup_holds_what_comes_and_goes_while_it_is_made(
        self, platform: Platform, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        talk, pour_out = self.session(platform), moving.pour_out
        ask(talk, "CREATE TABLE jobs (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT)")

        def busy(*given: Any) -> int:
            ask(talk, "INSERT INTO jobs (what) VALUES ('a\\n(b'), ('c'), (NULL)")
            size = pour_out(*given)
            ask(talk, "DELETE FROM jobs")
            return size

        monkeypatch.setattr(moving, "pour_out", busy)
        made = backups.backup(platform, REPORT, self.kind, service.name)
        assert (made.least["jobs"], made.most["jobs"]) == (0, 3)
        backups.verify(platform, REPORT, self.kind, service.name, wanted=made.id, place="")
        made.remove(open_vault(platform, ""))
        ask(talk, "DROP TABLE jobs")

    def test_a_clone_has_views_triggers_and_routines_that_work(
        self, platform: Platform, service: Service
    ) -> None:
        talk, name = self.session(platform), ServiceName("copy-of-all")
        ask(talk, "CREATE TABLE log (w TEXT)")
        ask(talk, "CREATE VIEW shouted AS SELECT UPPER(w) AS w FROM words")
        ask(talk, "CREATE TRIGGER noted AFTER INSERT ON words FOR EACH ROW INSERT INTO log SET w=1")
        ask(talk, "CREATE FUNCTION many() RETURNS INT READS SQL DATA RETURN (SELECT 7)")
        moving.clone(platform, REPORT, self.kind, service.name, new=name)
        made = services.find(platform, service.noun, name)
        copy = containers.session(platform, made)
        self.write(copy, "in the copy")
        assert ask(copy, "SELECT w FROM shouted").split("\n")[-2] == "IN THE COPY"
        assert ask(copy, "SELECT many(), COUNT(*) FROM log").split() == [
            "many()",
            "COUNT(*)",
            "7",
            "1",
        ]
        backups.backup(platform, REPORT, self.kind, name).remove(open_vault(platform, ""))
        with pytest.raises(EngineError):  # whom they act as is nobody who gets in
            copy.run(["mariadb", "--no-defaults", "--user=contract", "--protocol=socket"])
        life.destroy(platform, self.kind, made)
        for what in ("VIEW shouted", "TRIGGER noted", "FUNCTION many", "TABLE log"):
            ask(talk, f"DROP {what}")

    def test_the_largest_value_that_a_server_takes_goes_out_and_in(
        self, platform: Platform, service: Service
    ) -> None:
        ask(self.session(platform), "CREATE TABLE big (b LONGBLOB)")
        ask(self.session(platform), "INSERT INTO big VALUES (REPEAT(0xFF00, 7500000))")
        before = ask(
            self.session(platform), "SELECT LENGTH(b), MD5(b), @@max_allowed_packet FROM big"
        )
        self._imported(platform, self.dumped(platform))
        talk = self.session(platform)
        assert ask(talk, "SELECT LENGTH(b), MD5(b), @@max_allowed_packet FROM big") == before
        ask(talk, "DROP TABLE big")

    def test_its_client_speaks_utf8(self, platform: Platform, service: Service) -> None:
        told = ask(self.session(platform), "SELECT HEX('ü😀'), CHAR_LENGTH('ü😀')")
        assert told.split()[-2:] == ["C3BCF09F9880", "2"]


def ask(session: Session, question: str) -> str:
    return session.run([*MySQL("").client(session.access), "--batch"], stdin=question)
