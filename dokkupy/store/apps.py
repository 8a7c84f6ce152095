"""The table of apps."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from dokkupy.errors import Conflict, Locked, NotFound
from dokkupy.names import AppName
from dokkupy.store.database import Database
from dokkupy.store.events import Events


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A named thing that gets deployed."""

    name: AppName
    created_at: float
    """Seconds since the epoch (UTC)."""
    deploy_branch: str
    """Empty until the first push decides it."""
    locked_by: str
    """Who locked it, with the reason; empty when it is not locked."""
    stopped: bool


class Apps:
    """Apps by name; every read of one that does not exist raises `NotFound` with near names."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database = database
        self._events = events

    def create(self, name: AppName) -> App:
        """Add an app.

        Raises:
            Conflict: there is one of that name.
        """
        with self._database.write() as connection:
            try:
                connection.execute("INSERT INTO scopes VALUES (?)", (name,))
            except sqlite3.IntegrityError:
                raise _taken(name) from None
            connection.execute(
                "INSERT INTO apps (name, created_at) VALUES (?, ?)", (name, time.time())
            )
            self._events.add("app.created", name)
        return self.get(name)

    def get(self, name: str) -> App:
        """Return one app.

        Raises:
            NotFound: there is none of that name; its hint has names that are near.
        """
        row = self._database.row("SELECT * FROM apps WHERE name = ?", name)
        if row is None:
            raise self._unknown(name)
        return _app(row)

    def exists(self, name: str) -> bool:
        """Say whether there is an app of that name."""
        return self._database.row("SELECT 1 FROM apps WHERE name = ?", name) is not None

    def list(self) -> list[App]:
        """Return all apps by name."""
        return [_app(row) for row in self._database.rows("SELECT * FROM apps ORDER BY name")]

    def destroy(self, name: AppName) -> None:
        """Remove an app and everything in the store that belongs to it, but its addresses.

        Those are free when its containers are gone: see `Addresses.forget`.
        """
        self.get(name)
        with self._database.write() as connection:
            connection.execute("DELETE FROM scopes WHERE name = ?", (name,))
            self._events.add("app.destroyed", name)

    def rename(self, name: AppName, new: AppName) -> None:
        """Give an app another name, with everything in the store that belongs to it.

        What happened before stays under the old name in the events.

        Raises:
            Conflict: there is an app of the new name.
        """
        self.get(name)
        with self._database.write() as connection:
            try:
                connection.execute("UPDATE scopes SET name = ? WHERE name = ?", (new, name))
            except sqlite3.IntegrityError:
                raise _taken(new) from None
            connection.execute(
                "UPDATE addresses SET owner = ?2 || substr(owner, length(?1) + 1)"
                " WHERE owner = ?1 OR owner LIKE ?1 || ' %'",
                (name, new),
            )
            self._events.add("app.renamed", new, {"from": name})

    def lock(self, name: AppName, by: str, reason: str = "") -> None:
        """Let nobody change an app until it is unlocked."""
        holder = f"{by}: {reason}" if reason else by
        self._update(
            name,
            "UPDATE apps SET locked_by = ? WHERE name = ?",
            holder,
            "app.locked",
            {"reason": reason},
        )

    def unlock(self, name: AppName) -> None:
        """Let everybody change an app again; one that is not locked is fine."""
        if self.get(name).locked_by:
            self._update(
                name, "UPDATE apps SET locked_by = ? WHERE name = ?", "", "app.unlocked", {}
            )

    def refuse_locked(self, name: str) -> None:
        """Do nothing, unless an app is locked; one that does not exist is not.

        Raises:
            Locked: it is; the message says by whom and how to unlock it.
        """
        row = self._database.row("SELECT locked_by FROM apps WHERE name = ?", name)
        if row is not None and row["locked_by"]:
            raise Locked(
                f"App {name} is locked by {row['locked_by']}.",
                hint=f"Unlock it: dokkupy apps unlock {name}",
            )

    def set_deploy_branch(self, name: AppName, branch: str) -> None:
        """Decide which branch deploys."""
        self._update(
            name,
            "UPDATE apps SET deploy_branch = ? WHERE name = ?",
            branch,
            "app.deploy-branch",
            {"branch": branch},
        )

    def set_stopped(self, name: AppName, stopped: bool) -> None:
        """Decide whether the app shall run."""
        verb = "app.stopped" if stopped else "app.started"
        self._update(name, "UPDATE apps SET stopped = ? WHERE name = ?", int(stopped), verb, {})

    def _update(
        self, name: AppName, sql: str, value: object, verb: str, data: dict[str, object]
    ) -> None:
        self.get(name)
        with self._database.write() as connection:
            connection.execute(sql, (value, name))
            self._events.add(verb, name, data)

    def _unknown(self, name: str) -> NotFound:
        from difflib import get_close_matches

        names = [app.name for app in self.list()]
        near = get_close_matches(name, names, n=3)
        if near:
            hint = f"Did you mean {' or '.join(near)}?"
        elif names:
            hint = "See which exist: dokkupy apps list"
        else:
            hint = f"Make it: dokkupy apps create {name}"
        return NotFound(f"App {name} does not exist.", hint=hint)


def _taken(name: AppName) -> Conflict:
    return Conflict(f"App {name} exists already.", hint=f"Look at it: dokkupy apps report {name}")


def _app(row: sqlite3.Row) -> App:
    return App(
        name=AppName(row["name"]),
        created_at=row["created_at"],
        deploy_branch=row["deploy_branch"],
        locked_by=row["locked_by"],
        stopped=bool(row["stopped"]),
    )
