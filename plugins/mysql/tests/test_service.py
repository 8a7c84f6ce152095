from __future__ import annotations

import re

import pytest

from dokkupy.errors import EngineError
from dokkupy.platform import Platform
from dokkupy.services import containers
from dokkupy.services.service import Service
from dokkupy.services.session import Session
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


def ask(session: Session, question: str) -> str:
    return session.run([*MySQL("").client(session.access), "--batch"], stdin=question)
