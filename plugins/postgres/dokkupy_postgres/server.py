"""PostgreSQL as the service kit asks for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import IO, Final

from dokkupy.engine import ContainerFile
from dokkupy.errors import Refused
from dokkupy.services.access import Access
from dokkupy.services.server import Blueprint, ServerImage
from dokkupy.services.session import Session
from dokkupy.types import Environment
from dokkupy_postgres import dumps
from dokkupy_postgres.recipe import DISTRIBUTION
from dokkupy_postgres.rows import Rows

USUAL: Final = "postgres:17"
DATA: Final = "/var/lib/postgresql/data"
FIRST: Final = "/docker-entrypoint-initdb.d/dokkupy.sql"
ADMIN_PASSWORD: Final = "/etc/dokkupy-admin-password"  # noqa: S105 - where it is, not what it is
WAYS_IN: Final = "/etc/dokkupy-pg-service.conf"

_NO_ROLE: Final = re.compile(r'role ".*" does not exist')


class Postgres:
    """One image of PostgreSQL."""

    def __init__(self, image: str) -> None:
        self.image = ServerImage(upstream=image or USUAL, recipe=None if image else DISTRIBUTION)

    def blueprint(self, access: Access) -> Blueprint:
        return Blueprint(
            data=DATA,
            env=Environment(
                PGDATA=f"{DATA}/pgdata",
                PGSERVICEFILE=WAYS_IN,
                POSTGRES_PASSWORD_FILE=ADMIN_PASSWORD,
                # Sorted by code points: no update of the image's C library spoils an index.
                POSTGRES_INITDB_ARGS="--encoding=UTF8 --locale=C.UTF-8",
            ),
            files=(
                ContainerFile(path=ADMIN_PASSWORD, content=access.admin_password.encode()),
                ContainerFile(path=WAYS_IN, content=_ways_in(access).encode()),
                ContainerFile(path=FIRST, content=_first(access).encode()),
            ),
        )

    def variables(self, access: Access) -> Environment:
        return access.variables("postgres")

    def version(self, session: Session) -> str:
        return _ask(session, "app", "SHOW server_version;").split()[0]

    def client(self, access: Access) -> tuple[str, ...]:
        del access
        return ("psql", "service=app")

    def dump(self, session: Session, sink: Callable[[bytes], object]) -> None:
        command = ["pg_dump", "--dbname=service=admin", "--no-owner", "--no-privileges"]
        done = session.pipe(command, sink=sink)
        if done.code != 0:
            raise Refused("The server could not be dumped.", detail=done.error)

    def load(self, session: Session, source: IO[bytes]) -> None:
        # Everything is to be the app's own, and some extensions are for superusers to make.
        role = f'ALTER ROLE "{session.access.user}"'
        _ask(session, "admin", f"{role} SUPERUSER;")
        done = session.pipe(_psql("app"), source=source)
        if "invalid command \\restrict" in done.error:
            raise Refused(
                "The server's psql is older than the pg_dump that made the dump.",
                hint="Take an image with the newest patches of its version.",
            )
        if done.code != 0:
            hint = dumps.OWNERLESS if _NO_ROLE.search(done.error) else ""
            raise Refused("The server did not take the dump.", hint=hint, detail=done.error)
        _ask(session, "admin", f"{role} NOSUPERUSER;\nANALYZE;")

    def counts(self, session: Session) -> dict[str, int]:
        tables = _ask(session, "admin", dumps.TABLES).split()
        names = [bytes.fromhex(table).decode() for table in tables]
        found = _ask(session, "admin", dumps.counting(names)).split()
        return {name: int(count) for name, count in zip(names, found, strict=True)}

    def row_counter(self) -> Rows:
        return Rows()

    def refuse_head(self, head: bytes, version: str) -> None:
        dumps.refuse_head(head, version)

    def refuse_tail(self, tail: bytes) -> None:
        dumps.refuse_tail(tail)

    def adapt(self, session: Session) -> None:
        _ask(session, "admin", "ANALYZE;")


def _ask(session: Session, way: str, question: str) -> str:
    return session.run(_psql(way), stdin=question)


def _psql(way: str) -> list[str]:
    settings = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    return ["psql", *settings, f"--dbname=service={way}"]


def _ways_in(access: Access) -> str:
    """Return a service file of libpq: unlike a password file, any user may own it."""
    return (
        f"[app]\nhost=127.0.0.1\nport={access.port}\ndbname={access.database}\n"
        f"user={access.user}\npassword={access.password}\n"
        f"[admin]\nhost=/var/run/postgresql\nport={access.port}\ndbname={access.database}\n"
        f"user=postgres\n"
    )


def _first(access: Access) -> str:
    return (
        f"CREATE ROLE \"{access.user}\" LOGIN PASSWORD '{access.password}';\n"
        f'CREATE DATABASE "{access.database}" OWNER "{access.user}";\n'
    )
