from __future__ import annotations

import re

import pytest

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


def ask(session: Session, question: str) -> str:
    return session.run([*MySQL("").client(session.access), "--batch"], stdin=question)
