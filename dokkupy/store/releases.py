"""The ledger: numbered releases that are never changed but for their state, and their steps."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import asdict, dataclass
from typing import Any

from dokkupy import types
from dokkupy.errors import NotFound
from dokkupy.names import AppName, ProcessName
from dokkupy.store.database import Database
from dokkupy.store.events import Events


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a release's way, as it was taken."""

    name: str
    at: float
    """When it ended, seconds since the epoch (UTC)."""
    seconds: float


_SELECT = (
    "SELECT *, pruned AND NOT EXISTS (SELECT 1 FROM releases AS other WHERE"
    " other.app = releases.app AND other.image = releases.image AND other.pruned = 0"
    ") AS image_gone FROM releases"
)


class Releases:
    """Releases by app and number."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database = database
        self._events = events

    def next_number(self, app: AppName) -> int:
        """Return the number that the app's next release gets."""
        sql = "SELECT coalesce(max(number), 0) + 1 AS n FROM releases WHERE app = ?"
        return int(self._database.rows(sql, app)[0]["n"])

    def add(self, release: types.Release) -> None:
        """Append a release to the ledger."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO releases (app, number, image, revision, builder, processes, env,"
                " config, release_task, description, actor, created_at, state, error, build)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    release.app,
                    release.number,
                    release.image,
                    release.revision,
                    release.builder,
                    json.dumps([asdict(process) for process in release.processes]),
                    json.dumps(dict(release.env)),
                    json.dumps(dict(release.config)),
                    json.dumps(list(release.release_task)),
                    release.description,
                    release.actor,
                    release.created_at,
                    release.state,
                    release.error,
                    release.build,
                ),
            )
            self._events.add("release.created", release.app, {"release": release.number})

    def get(self, app: AppName, number: int) -> types.Release:
        """Return one release.

        Raises:
            NotFound: the app has no release of that number.
        """
        row = self._database.row(f"{_SELECT} WHERE app = ? AND number = ?", app, number)
        if row is None:
            raise NotFound(
                f"App {app} has no release {number}.",
                hint=f"See which there are: dokkupy releases list {app}",
            )
        return _release(row)

    def steps(self, app: AppName, number: int) -> list[Step]:
        """Return the steps of a release in their order."""
        rows = self._database.rows(
            "SELECT name, at, seconds FROM steps WHERE app = ? AND release = ? ORDER BY position",
            app,
            number,
        )
        return [Step(name=row["name"], at=row["at"], seconds=row["seconds"]) for row in rows]

    def pending(self, app: AppName | None = None) -> list[types.Release]:
        """Return the releases of one app, or of all, that have neither gone live nor failed."""
        rows = self._database.rows(
            f"{_SELECT} WHERE state = 'pending' AND (?1 IS NULL OR app = ?1) ORDER BY app, number",
            app,
        )
        return [_release(row) for row in rows]

    def tagged(self, app: AppName) -> list[types.Release]:
        """Return the app's releases that still have an image tag of their own, newest first."""
        rows = self._database.rows(
            f"{_SELECT} WHERE app = ? AND pruned = 0 ORDER BY number DESC", app
        )
        return [_release(row) for row in rows]

    def list(self, app: AppName) -> list[types.Release]:
        """Return the app's releases, newest first."""
        rows = self._database.rows(f"{_SELECT} WHERE app = ? ORDER BY number DESC", app)
        return [_release(row) for row in rows]

    def set_pruned(self, app: AppName, number: int) -> None:
        """Note that a release has no image tag any more.

        Its image is gone unless another release of the app has the same one and its tag.
        """
        with self._database.write() as connection:
            connection.execute(
                "UPDATE releases SET pruned = 1 WHERE app = ? AND number = ?", (app, number)
            )

    def live(self, app: AppName) -> types.Release | None:
        """Return the release that has the traffic, or None before the first deploy."""
        row = self._database.row(
            f"{_SELECT} WHERE app = ? AND state = 'live' ORDER BY number DESC", app
        )
        return None if row is None else _release(row)

    def live_numbers(self) -> dict[str, int]:
        """Return app -> number of the live release, for every app that has one."""
        rows = self._database.rows("SELECT app, number FROM releases WHERE state = 'live'")
        return {row["app"]: row["number"] for row in rows}

    def set_state(
        self, app: AppName, number: int, state: types.ReleaseState, *, error: str = ""
    ) -> None:
        """Move a release on in its life."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE releases SET state = ?, error = ? WHERE app = ? AND number = ?",
                (state, error, app, number),
            )
            data: dict[str, object] = {"release": number}
            self._events.add(f"release.{state}", app, data | ({"error": error} if error else {}))

    def add_step(self, app: AppName, number: int, name: str, seconds: float) -> None:
        """Note that a step of a release ended now, after `seconds`."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO steps SELECT ?1, ?2, coalesce(max(position), 0) + 1, ?3, ?4, ?5"
                " FROM steps WHERE app = ?1 AND release = ?2",
                (app, number, name, time.time(), seconds),
            )


def process_of(value: dict[str, Any]) -> types.ProcessType:
    """Return the process type that was written as JSON."""
    from dokkupy.sites import settings

    return types.ProcessType(
        name=ProcessName(value["name"]),
        command=tuple(value["command"]),
        port=value["port"],
        check=types.Check(**value["check"]),
        site=settings.of_json(value.get("site")),
    )


def _release(row: sqlite3.Row) -> types.Release:
    return types.Release(
        app=AppName(row["app"]),
        number=row["number"],
        image=row["image"],
        revision=row["revision"],
        builder=row["builder"],
        processes=tuple(process_of(value) for value in json.loads(row["processes"])),
        env=types.Environment(json.loads(row["env"])),
        config=types.Environment(json.loads(row["config"])),
        release_task=tuple(json.loads(row["release_task"])),
        description=row["description"],
        actor=row["actor"],
        created_at=row["created_at"],
        state=types.ReleaseState(row["state"]),
        error=row["error"],
        image_gone=bool(row["image_gone"]),
        build=row["build"],
    )
