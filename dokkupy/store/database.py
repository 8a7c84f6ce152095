"""One SQLite file: its connections, transactions and migrations."""

from __future__ import annotations

import os
import pwd
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dokkupy.errors import StateError
from dokkupy.store.schema import MIGRATIONS

BUSY_TIMEOUT_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 0.01


class Database:
    """Connections to the state file, one per thread.

    Raises:
        StateError: on use, when the file is missing, damaged, or of a newer dokkupy.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._after_commit: list[Callable[[], None]] = []
        self._after_rollback: list[Callable[[], None]] = []

    @classmethod
    def create(cls, path: Path) -> None:
        """Make the file whole, readable by its owner alone; one that exists is left as it is."""
        if path.exists():
            return
        from tempfile import TemporaryDirectory

        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent, prefix=".state-") as folder:
            fresh = cls(Path(folder) / path.name)
            os.close(os.open(fresh.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            fresh._connect().close()
            with suppress(FileExistsError):
                path.hardlink_to(fresh.path)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each outermost transaction that was committed."""
        self._after_commit.append(callback)

    def after_rollback(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each outermost transaction that was undone."""
        self._after_rollback.append(callback)

    @property
    def connection(self) -> sqlite3.Connection:
        """The calling thread's connection, opened and migrated on first use."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open()
            self._local.connection = connection
            self._local.depth = 0
        return connection

    def close(self) -> None:
        """Close the calling thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run a block in one immediate transaction; a nested block joins the outer one.

        Nothing that waits for an engine, git or the network belongs into the block.

        Raises:
            StateError: the file cannot be written, or stayed locked for 30 seconds.
        """
        connection = self.connection
        if self._local.depth:
            yield connection
            return
        with self._explained():
            connection.execute("BEGIN IMMEDIATE")
        self._local.depth = 1
        try:
            with self._explained():
                yield connection
                connection.execute("COMMIT")
        except BaseException:
            # A full disk has ended the transaction already.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for callback in self._after_rollback:
                callback()
            raise
        finally:
            self._local.depth = 0
        for callback in self._after_commit:
            callback()

    def rows(self, sql: str, *parameters: object) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self._explained():
            return self.connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, *parameters: object) -> sqlite3.Row | None:
        """Return the first row of a query."""
        with self._explained():
            found: sqlite3.Row | None = self.connection.execute(sql, parameters).fetchone()
            return found

    def _open(self) -> sqlite3.Connection:
        self._refuse_strangers()
        if not self.path.is_file():
            import shlex

            raise StateError(
                f"There is no dokkupy root at {self.path.parent}.",
                hint=f"Make one: dokkupy --root {shlex.quote(str(self.path.parent))} init",
            )
        if not self.path.stat().st_size:
            raise StateError(
                f"{self.path} is damaged: it is empty.",
                hint="Move it away and restore a backup of the root.",
            )
        return self._connect()

    def _connect(self) -> sqlite3.Connection:
        with self._explained():
            connection = sqlite3.connect(
                self.path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None
            )
            try:
                connection.row_factory = sqlite3.Row
                _use_wal(connection)
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA foreign_keys = ON")
                self._migrate(connection)
            except BaseException:
                connection.close()
                raise
        return connection

    def _refuse_strangers(self) -> None:
        try:
            owner = self.path.stat().st_uid
            if os.access(self.path, os.R_OK | os.W_OK):
                return
        except PermissionError:
            owner = -1
        except OSError:
            return
        try:
            whose = pwd.getpwuid(owner).pw_name
        except (KeyError, OverflowError):
            whose = "another user"
        raise StateError(
            f"The dokkupy root {self.path.parent} belongs to {whose}.",
            hint="Ask as that user, or as root, who becomes that user: sudo dokkupy …",
        )

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == len(MIGRATIONS):
            return
        if version > len(MIGRATIONS):
            raise StateError(
                f"{self.path} was written by a newer dokkupy (schema {version}).",
                hint="Upgrade this one: pip install --upgrade dokkupy",
            )
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            for statement in script.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.OperationalError as error:
            import shlex

            folder, file = shlex.quote(str(self.path.parent)), shlex.quote(str(self.path))
            hint = f"Look at free space and owner: df -h {folder}; ls -l {file}"
            if _is_busy(error):
                hint = f"See who holds it, and try again: fuser -v {file}"
            raise StateError(f"{self.path} cannot be used: {error}.", hint=hint) from error
        except sqlite3.DatabaseError as error:
            raise StateError(
                f"{self.path} is damaged: {error}.",
                hint="Move it away and restore a backup of the root.",
            ) from error


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; the first switch of a file minds no busy timeout."""
    until = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > until:
                raise
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return


def _is_busy(error: sqlite3.OperationalError) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)  # not every one comes from SQLite
    return code & 0xFF == sqlite3.SQLITE_BUSY
