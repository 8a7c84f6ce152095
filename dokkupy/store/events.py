"""What happened, written in the transaction of the change that it tells of."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Mapping

from dokkupy import types
from dokkupy.store.database import Database


class Events:
    """The audit log; `fresh` hands committed events to whoever dispatches them."""

    def __init__(self, database: Database, actor: str) -> None:
        self._database = database
        self._actor = actor
        self._local = threading.local()
        database.after_rollback(self._forget)

    @property
    def _unsent(self) -> list[int]:
        # By thread, as transactions are: one that fails must not forget what another committed.
        if not hasattr(self._local, "unsent"):
            self._local.unsent = []
        unsent: list[int] = self._local.unsent
        return unsent

    def add(self, verb: str, app: str = "", data: Mapping[str, object] | None = None) -> None:
        """Write an event; `data` holds names and numbers, never a secret value."""
        with self._database.write() as connection:
            cursor = connection.execute(
                "INSERT INTO events (at, actor, verb, app, data) VALUES (?, ?, ?, ?, ?)",
                (time.time(), self._actor, verb, app, json.dumps(dict(data or {}))),
            )
            if cursor.lastrowid is not None:
                self._unsent.append(cursor.lastrowid)

    def fresh(self) -> list[types.Event]:
        """Return the events that this thread has committed since the last call, oldest first."""
        ids = list(self._unsent)
        self._unsent.clear()
        return [event for event in map(self._get, ids) if event is not None]

    def list(
        self,
        *,
        app: str = "",
        verb: str = "",
        actor: str = "",
        since: float = 0.0,
        after: int = 0,
        limit: int = 100,
    ) -> list[types.Event]:
        """Return the newest events, oldest first; each filter that is given narrows them.

        `verb` is a whole one or its beginning up to a dot, `since` is in seconds since the epoch,
        `after` is the id of an event that has been seen already.
        """
        rows = self._database.rows(
            "SELECT * FROM events WHERE id > ?1 AND at >= ?2 AND (?3 = '' OR app = ?3)"
            " AND (?4 = '' OR actor = ?4) AND (?5 = '' OR verb = ?5 OR verb LIKE ?5 || '.%')"
            " ORDER BY id DESC LIMIT ?6",
            after,
            since,
            app,
            actor,
            verb,
            limit,
        )
        return [_event(row) for row in reversed(rows)]

    def newest(self) -> int:
        """Return the id of the newest event, 0 when there is none."""
        return int(self._database.rows("SELECT coalesce(max(id), 0) AS n FROM events")[0]["n"])

    def count(self) -> int:
        """Return how many events are kept."""
        return int(self._database.rows("SELECT count(*) AS n FROM events")[0]["n"])

    def trim(self, keep: int) -> None:
        """Forget the oldest events beyond the newest `keep`."""
        with self._database.write() as connection:
            connection.execute(
                "DELETE FROM events WHERE id <= (SELECT id FROM events ORDER BY id DESC"
                " LIMIT 1 OFFSET ?)",
                (keep,),
            )

    def _forget(self) -> None:
        self._unsent.clear()

    def _get(self, number: int) -> types.Event | None:
        row = self._database.row("SELECT * FROM events WHERE id = ?", number)
        return None if row is None else _event(row)


def _event(row: sqlite3.Row) -> types.Event:
    return types.Event(
        id=row["id"],
        at=row["at"],
        actor=row["actor"],
        verb=row["verb"],
        app=row["app"],
        data=json.loads(row["data"]),
    )
