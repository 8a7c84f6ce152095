"""The containers that dokkupy knows of, each with the state it has in a rollout."""

from __future__ import annotations

import sqlite3

from dokkupy import types
from dokkupy.names import AppName, ProcessName
from dokkupy.store.database import Database


class Instances:
    """Containers by app; a row is there before its container is, and gone after it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, app: AppName, release: int, process: ProcessName, ordinal: int) -> types.Instance:
        """Announce a container that is about to be staged."""
        with self._database.write() as connection:
            return _instance(
                connection.execute(
                    "INSERT INTO instances (app, release, process, ordinal, state)"
                    " VALUES (?, ?, ?, ?, ?) RETURNING *",
                    (app, release, process, ordinal, types.InstanceState.STAGED),
                ).fetchone()
            )

    def place(self, number: int, reference: str, endpoint: types.Endpoint | None) -> types.Instance:
        """Note where the scheduler placed it."""
        with self._database.write() as connection:
            return _instance(
                connection.execute(
                    "UPDATE instances SET reference = ?, host = ?, port = ?"
                    " WHERE id = ? RETURNING *",
                    (
                        reference,
                        endpoint.host if endpoint else "",
                        endpoint.port if endpoint else 0,
                        number,
                    ),
                ).fetchone()
            )

    def set_state(self, numbers: list[int], state: types.InstanceState) -> None:
        """Move some containers on."""
        with self._database.write() as connection:
            connection.executemany(
                "UPDATE instances SET state = ? WHERE id = ?",
                [(state, number) for number in numbers],
            )

    def remove(self, number: int) -> None:
        """Forget a container that is gone."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM instances WHERE id = ?", (number,))

    def list(self, app: AppName | None = None) -> list[types.Instance]:
        """Return the containers of one app, or of all, by process and ordinal."""
        rows = self._database.rows(
            "SELECT * FROM instances WHERE ?1 IS NULL OR app = ?1"
            " ORDER BY app, process, ordinal, id",
            app,
        )
        return [_instance(row) for row in rows]


def _instance(row: sqlite3.Row) -> types.Instance:
    endpoint = types.Endpoint(host=row["host"], port=row["port"]) if row["host"] else None
    return types.Instance(
        id=row["id"],
        app=AppName(row["app"]),
        release=row["release"],
        process=ProcessName(row["process"]),
        ordinal=row["ordinal"],
        reference=row["reference"],
        endpoint=endpoint,
        state=types.InstanceState(row["state"]),
    )
