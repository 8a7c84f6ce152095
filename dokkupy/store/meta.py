"""The few facts about the root itself."""

from __future__ import annotations

from dokkupy.store.database import Database


class Meta:
    """Key -> text: `root_id`, `http_port`, `https_port`, `domain`, `subnet`, `gateway` …"""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str, default: str = "") -> str:
        """Return the value of `key`."""
        row = self._database.row("SELECT value FROM meta WHERE key = ?", key)
        return default if row is None else str(row["value"])

    def set(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (key, value),
            )
