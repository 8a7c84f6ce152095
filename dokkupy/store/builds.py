"""The builds of each app: numbered, each with what came of it."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from dokkupy.errors import NotFound
from dokkupy.names import AppName
from dokkupy.store.database import Database
from dokkupy.store.events import Events
from dokkupy.store.releases import process_of
from dokkupy.types import BuildRecord, BuildState

if TYPE_CHECKING:
    from dokkupy.types import ProcessType


class Builds:
    """Builds by app and number."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database = database
        self._events = events

    def begin(self, app: AppName, *, origin: str, revision: str, actor: str) -> BuildRecord:
        """Append a build that waits for its turn."""
        with self._database.write() as connection:
            sql = "SELECT coalesce(max(number), 0) + 1 AS n FROM builds WHERE app = ?"
            number = int(self._database.rows(sql, app)[0]["n"])
            connection.execute(
                "INSERT INTO builds (app, number, state, origin, revision, actor, created_at)"
                " VALUES (?, ?, 'queued', ?, ?, ?, ?)",
                (app, number, origin, revision, actor, time.time()),
            )
            self._events.add("build.queued", app, {"build": number})
        return self.get(app, number)

    def finish(
        self,
        record: BuildRecord,
        *,
        image: str,
        builder: str,
        processes: tuple[ProcessType, ...],
        release_task: tuple[str, ...],
    ) -> None:
        """Note what came of a build."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE builds SET image = ?, builder = ?, processes = ?, release_task = ?"
                " WHERE app = ? AND number = ?",
                (
                    image,
                    builder,
                    json.dumps([asdict(process) for process in processes]),
                    json.dumps(list(release_task)),
                    record.app,
                    record.number,
                ),
            )
            self.reach(record, BuildState.BUILT)

    def reach(self, record: BuildRecord, state: BuildState, *, error: str = "") -> None:
        """Move a build on in its life; one that is being cancelled can only end."""
        over = state in (BuildState.BUILT, BuildState.FAILED, BuildState.CANCELLED)
        with self._database.write() as connection:
            changed = connection.execute(
                "UPDATE builds SET state = ?1, error = ?2, finished_at = ?3"
                " WHERE app = ?4 AND number = ?5 AND (?3 > 0 OR state != 'cancelling')",
                (state, error, time.time() if over else 0.0, record.app, record.number),
            )
            if changed.rowcount:
                data: dict[str, object] = {"build": record.number}
                data |= {"error": error} if error else {}
                self._events.add(f"build.{state}", record.app, data)

    def get(self, app: AppName, number: int) -> BuildRecord:
        """Return one build.

        Raises:
            NotFound: the app has no build of that number.
        """
        sql = "SELECT * FROM builds WHERE app = ? AND number = ?"
        row = self._database.row(sql, app, number)
        if row is None:
            raise NotFound(
                f"App {app} has no build {number}.",
                hint=f"See which there are: dokkupy builds list {app}",
            )
        return _record(row)

    def unfinished(self, app: AppName | None = None) -> list[BuildRecord]:
        """Return the builds of one app, or of all, that have not ended."""
        rows = self._database.rows(
            "SELECT * FROM builds WHERE finished_at = 0 AND (?1 IS NULL OR app = ?1)"
            " ORDER BY app, number",
            app,
        )
        return [_record(row) for row in rows]

    def list(self, app: AppName) -> list[BuildRecord]:
        """Return the app's builds, newest first."""
        rows = self._database.rows("SELECT * FROM builds WHERE app = ? ORDER BY number DESC", app)
        return [_record(row) for row in rows]

    def remove(self, app: AppName, number: int) -> None:
        """Forget a build."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM builds WHERE app = ? AND number = ?", (app, number))


def _record(row: sqlite3.Row) -> BuildRecord:
    return BuildRecord(
        app=AppName(row["app"]),
        number=row["number"],
        state=BuildState(row["state"]),
        origin=row["origin"],
        revision=row["revision"],
        builder=row["builder"],
        image=row["image"],
        processes=tuple(process_of(value) for value in json.loads(row["processes"])),
        release_task=tuple(json.loads(row["release_task"])),
        actor=row["actor"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        error=row["error"],
    )
