"""The ssh keys that may use this root."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from dokkupy.errors import Conflict, NotFound
from dokkupy.store.database import Database
from dokkupy.store.events import Events


@dataclass(frozen=True, slots=True, kw_only=True)
class SshKey:
    """A public key with the name that its holder acts under."""

    name: str
    fingerprint: str
    """`SHA256:…`, as `ssh-keygen -l` prints it."""
    public: str
    """Type and base64 body, without comment."""
    added_at: float


class Keys:
    """Public keys by name."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database = database
        self._events = events

    def add(self, name: str, fingerprint: str, public: str) -> SshKey:
        """Let a key in.

        Raises:
            Conflict: the name or the key is there already.
        """
        with self._database.write() as connection:
            try:
                connection.execute(
                    "INSERT INTO keys VALUES (?, ?, ?, ?)",
                    (name, fingerprint, public, time.time()),
                )
            except sqlite3.IntegrityError:
                raise Conflict(
                    f"There is a key named {name}, or this key under another name.",
                    hint="See which there are: dokkupy ssh-keys list",
                ) from None
            self._events.add("key.added", "", {"name": name, "fingerprint": fingerprint})
        return next(key for key in self.list() if key.name == name)

    def list(self) -> list[SshKey]:
        """Return all keys by name."""
        return [
            SshKey(**dict(row)) for row in self._database.rows("SELECT * FROM keys ORDER BY name")
        ]

    def remove(self, name: str) -> None:
        """Shut a key out.

        Raises:
            NotFound: there is no key of that name.
        """
        with self._database.write() as connection:
            if not connection.execute("DELETE FROM keys WHERE name = ?", (name,)).rowcount:
                raise NotFound(
                    f"There is no key named {name}.",
                    hint="See which there are: dokkupy ssh-keys list",
                )
            self._events.add("key.removed", "", {"name": name})
