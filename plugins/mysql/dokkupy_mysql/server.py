"""MariaDB and MySQL as the service kit asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Final

from dokkupy.engine import ContainerFile
from dokkupy.errors import Refused
from dokkupy.services.access import Access
from dokkupy.services.server import Blueprint, ServerImage
from dokkupy.services.session import Session
from dokkupy.types import Environment
from dokkupy_mysql import dumps
from dokkupy_mysql.recipe import DISTRIBUTION
from dokkupy_mysql.rows import Rows

USUAL: Final = "mariadb:lts"
APP: Final = "/etc/dokkupy-app.cnf"
ADMIN: Final = "/etc/dokkupy-admin.cnf"
PASSWORD: Final = "/etc/dokkupy-password"  # noqa: S105 - where it is, not what it is
ADMIN_PASSWORD: Final = "/etc/dokkupy-admin-password"  # noqa: S105


class MySQL:
    """One image of MariaDB or MySQL."""

    def __init__(self, image: str) -> None:
        self.image = ServerImage(upstream=image or USUAL, recipe=None if image else DISTRIBUTION)
        name = self.image.upstream.rpartition("/")[2]
        # MariaDB's images have let go of MySQL's names for the programs.
        mysql = name.startswith(("mysql", "percona"))
        self._client = "mysql" if mysql else "mariadb"
        self._dump = "mysqldump" if mysql else "mariadb-dump"

    def blueprint(self, access: Access) -> Blueprint:
        return Blueprint(
            data="/var/lib/mysql",
            env=Environment(
                MYSQL_DATABASE=access.database,
                MYSQL_USER=access.user,
                MYSQL_PASSWORD_FILE=PASSWORD,
                MYSQL_ROOT_PASSWORD_FILE=ADMIN_PASSWORD,
            ),
            files=(
                ContainerFile(path=PASSWORD, content=access.password.encode()),
                ContainerFile(path=ADMIN_PASSWORD, content=access.admin_password.encode()),
                # By TCP: what prepares the server for its first start answers on its socket alone.
                _options(APP, access.user, access.password, "protocol=tcp\nhost=127.0.0.1\n"),
                _options(ADMIN, "root", access.admin_password, "protocol=socket\n"),
            ),
        )

    def variables(self, access: Access) -> Environment:
        return access.variables("mysql")

    def version(self, session: Session) -> str:
        command = [*self.client(session.access), "--batch", "--skip-column-names"]
        return session.run([*command, "--execute=SELECT VERSION()"]).strip()

    def client(self, access: Access) -> tuple[str, ...]:
        return (self._client, f"--defaults-file={APP}", f"--database={access.database}")

    def dump(self, session: Session, sink: Callable[[bytes], object]) -> None:
        command = [
            self._dump,
            f"--defaults-file={ADMIN}",
            "--single-transaction",
            "--quick",
            "--routines",
            "--triggers",
            "--events",
            "--hex-blob",
            "--default-character-set=utf8mb4",
            f"--max-allowed-packet={dumps.LARGEST}",
            session.access.database,
        ]
        done = session.pipe(command, sink=sink)
        if done.code != 0:
            raise Refused("The server could not be dumped.", detail=done.error)

    def load(self, session: Session, source: IO[bytes]) -> None:
        database = session.access.database
        command = [*self._as_admin(), f"--max-allowed-packet={dumps.LARGEST}", database]
        # Nobody relies on it yet: that all of it is on the disk is waited for once, at the end.
        larger = f"SET GLOBAL max_allowed_packet = {dumps.LARGEST};"
        usual = self._ask(
            session, f"SELECT @@GLOBAL.max_allowed_packet; {larger} {dumps.WRITE_LATER}"
        )
        done = session.pipe(command, source=source)
        if done.code != 0:
            raise Refused("The server did not take the dump.", detail=done.error)
        again = f"SET GLOBAL max_allowed_packet = {int(usual)};"
        definers = self._ask(session, f"{again} {dumps.WRITE_AT_ONCE} {dumps.DEFINERS}").split()
        missing = (dumps.stand_in(bytes.fromhex(one).decode(), database) for one in definers)
        if users := "".join(missing):
            self._ask(session, users)

    def counts(self, session: Session) -> dict[str, int]:
        tables = self._ask(session, dumps.TABLES).split()
        if not tables:
            return {}
        names = [bytes.fromhex(table).decode() for table in tables]
        found = self._ask(session, dumps.counting(names)).split()
        return {name: int(count) for name, count in zip(names, found, strict=True)}

    def row_counter(self) -> Rows:
        return Rows()

    def refuse_head(self, head: bytes, version: str) -> None:
        dumps.refuse_head(head, version)

    def refuse_tail(self, tail: bytes) -> None:
        dumps.refuse_tail(tail)

    def adapt(self, session: Session) -> None:
        if self._client == "mariadb":  # MySQL does so by itself
            session.run(["mariadb-upgrade", f"--defaults-file={ADMIN}"])

    def _ask(self, session: Session, question: str) -> str:
        command = [*self._as_admin(), "--batch", "--skip-column-names", session.access.database]
        return session.run(command, stdin=question)

    def _as_admin(self) -> list[str]:
        return [self._client, f"--defaults-file={ADMIN}", "--default-character-set=utf8mb4"]


def _options(path: str, user: str, password: str, way: str) -> ContainerFile:
    text = f"[client]\nuser={user}\npassword={password}\ndefault-character-set=utf8mb4\n{way}"
    return ContainerFile(path=path, content=text.encode())
