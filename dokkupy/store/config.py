"""Environment variables that people set, per app and global."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dokkupy.store.database import Database
from dokkupy.store.events import Events
from dokkupy.types import Environment


class Config:
    """Scope (an app's name, or empty for global) -> variables."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database = database
        self._events = events

    def get(self, scope: str) -> Environment:
        """Return the variables of one scope by key."""
        rows = self._database.rows(
            "SELECT key, value FROM config WHERE scope = ? ORDER BY key", scope
        )
        return Environment({row["key"]: row["value"] for row in rows})

    def change(self, scope: str, assign: Mapping[str, str], unset: Iterable[str] = ()) -> bool:
        """Set and unset variables in one transaction; say whether anything changed."""
        before = self.get(scope)
        gone = [key for key in unset if key in before]
        changed = {key: value for key, value in assign.items() if before.get(key) != value}
        if not gone and not changed:
            return False
        with self._database.write() as connection:
            connection.executemany(
                "DELETE FROM config WHERE scope = ? AND key = ?", [(scope, key) for key in gone]
            )
            connection.executemany(
                "INSERT INTO config VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET value = excluded.value",
                [(scope, key, value) for key, value in changed.items()],
            )
            self._events.add("config.changed", scope, {"set": sorted(changed), "unset": gone})
        return True
