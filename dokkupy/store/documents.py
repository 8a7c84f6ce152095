"""What plugins keep: JSON values by scope, noun and key, which follow their app."""

from __future__ import annotations

import json
from typing import Any

from dokkupy.store.database import Database


class Documents:
    """`(scope, noun, key)` -> JSON value; scope is an app's name, or empty for global."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, scope: str, noun: str, key: str) -> Any:
        """Return the value, or None."""
        row = self._database.row(
            "SELECT value FROM documents WHERE scope = ? AND noun = ? AND key = ?",
            scope,
            noun,
            key,
        )
        return None if row is None else json.loads(row["value"])

    def set(self, scope: str, noun: str, key: str, value: object) -> None:
        """Keep a value; the scope must exist."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET value = excluded.value",
                (scope, noun, key, json.dumps(value)),
            )

    def unset(self, scope: str, noun: str, key: str) -> None:
        """Forget a value; one that is not there is fine."""
        with self._database.write() as connection:
            connection.execute(
                "DELETE FROM documents WHERE scope = ? AND noun = ? AND key = ?",
                (scope, noun, key),
            )

    def all(self, noun: str, key: str) -> dict[str, Any]:
        """Return scope -> value of one key everywhere."""
        rows = self._database.rows(
            "SELECT scope, value FROM documents WHERE noun = ? AND key = ? ORDER BY scope",
            noun,
            key,
        )
        return {row["scope"]: json.loads(row["value"]) for row in rows}

    def keys(self, scope: str, noun: str) -> dict[str, Any]:
        """Return key -> value of one noun in one scope."""
        rows = self._database.rows(
            "SELECT key, value FROM documents WHERE scope = ? AND noun = ? ORDER BY key",
            scope,
            noun,
        )
        return {row["key"]: json.loads(row["value"]) for row in rows}

    def clear(self, noun: str) -> int:
        """Forget every value of one noun in every scope; return how many there were."""
        with self._database.write() as connection:
            return connection.execute("DELETE FROM documents WHERE noun = ?", (noun,)).rowcount
