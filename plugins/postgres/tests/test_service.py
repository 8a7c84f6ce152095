from __future__ import annotations

import re

import pytest

from dokkupy.services.session import Session
from dokkupy.testing.suites import DumpingServiceContract
from dokkupy_postgres.plugin import POSTGRES


@pytest.mark.engine
@pytest.mark.slow
class TestPostgres(DumpingServiceContract):
    kind = POSTGRES

    def write(self, session: Session, word: str) -> None:
        ask(session, "CREATE TABLE IF NOT EXISTS words (id serial PRIMARY KEY, w text)")
        ask(session, f"INSERT INTO words (w) VALUES ('{word}')")  # noqa: S608 - our own

    def read(self, session: Session) -> list[str]:
        return ask(session, "SELECT w FROM words ORDER BY id").splitlines()

    def newer(self, dump: bytes) -> bytes | None:
        return re.sub(rb"(?m)^(-- Dumped from database version )\d+", rb"\g<1>99", dump)


def ask(session: Session, question: str) -> str:
    return session.run(["psql", "-XqAt", "--dbname=service=app"], stdin=question)
