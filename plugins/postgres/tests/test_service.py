from __future__ import annotations

import re
from typing import Any

import pytest

from dokkupy.errors import Refused
from dokkupy.platform import Platform
from dokkupy.services import backups, containers, life, moving
from dokkupy.services.name import ServiceName
from dokkupy.services.service import Service
from dokkupy.services.session import Session
from dokkupy.services.vault import open_vault
from dokkupy.testing.contracts.service_fixtures import REPORT
from dokkupy.testing.suites import DumpingServiceContract
from dokkupy_postgres import dumps
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

    def test_a_backup_holds_what_comes_and_goes_while_it_is_made(
        self, platform: Platform, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        talk, pour_out = self.session(platform), moving.pour_out
        ask(talk, 'CREATE TABLE "Odd jobs" (id serial, "what?" text)')

        def busy(*given: Any) -> int:
            ask(talk, """INSERT INTO "Odd jobs" ("what?") VALUES (E'a\\n\\\\.'), ('b'), (NULL)""")
            size = pour_out(*given)
            ask(talk, 'DELETE FROM "Odd jobs"')
            return size

        monkeypatch.setattr(moving, "pour_out", busy)
        made = backups.backup(platform, REPORT, self.kind, service.name)
        table = 'public."Odd jobs"'
        assert (made.least[table], made.most[table]) == (0, 3)
        backups.verify(platform, REPORT, self.kind, service.name, wanted=made.id, place="")
        made.remove(open_vault(platform, ""))
        ask(talk, 'DROP TABLE "Odd jobs"')

    def test_a_dump_of_other_owners_is_refused_with_the_way_to_make_it_without(
        self, platform: Platform, service: Service
    ) -> None:
        before = self._one_more(platform, "before a dump of others")
        owned = b"\nALTER TABLE public.words OWNER TO somebody;\n" + dumps.END
        with pytest.raises(Refused) as caught:
            self._imported(platform, self.dumped(platform).replace(b"\n" + dumps.END, owned))
        assert 'role "somebody" does not exist' in caught.value.detail
        assert "pg_dump --no-owner --no-privileges" in caught.value.hint
        assert self.read(self.session(platform)) == before

    def test_a_name_that_only_the_server_gives_is_turned_into_another(
        self, platform: Platform, service: Service
    ) -> None:
        made = life.create(platform, REPORT, self.kind, ServiceName("pg-main"))
        talk = containers.session(platform, made)
        assert ask(talk, "SELECT current_user, current_database()") == "db_pg_main|db_pg_main\n"
        life.destroy(platform, self.kind, made)


def ask(session: Session, question: str) -> str:
    return session.run(["psql", "-XqAt", "--dbname=service=app"], stdin=question)
