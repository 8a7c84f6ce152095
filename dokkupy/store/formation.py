"""How many containers of each process run, and with which limits; it outlives releases."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy import types
from dokkupy.names import AppName, ProcessName
from dokkupy.store.database import Database
from dokkupy.store.events import Events


class Formations:
    """App -> process -> `Scale`."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database = database
        self._events = events

    def get(self, app: AppName) -> dict[ProcessName, types.Scale]:
        """Return what has been decided for the app's processes."""
        rows = self._database.rows("SELECT * FROM formation WHERE app = ? ORDER BY process", app)
        return {
            ProcessName(row["process"]): types.Scale(
                quantity=row["quantity"],
                memory=row["memory"],
                cpus=row["cpus"],
                pids=row["pids"],
            )
            for row in rows
        }

    def set(self, app: AppName, scales: Mapping[ProcessName, types.Scale]) -> None:
        """Decide for some processes; the others stay as they are."""
        with self._database.write() as connection:
            connection.executemany(
                "INSERT INTO formation VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " quantity = excluded.quantity, memory = excluded.memory,"
                " cpus = excluded.cpus, pids = excluded.pids",
                [(app, p, s.quantity, s.memory, s.cpus, s.pids) for p, s in scales.items()],
            )
            self._events.add("formation.changed", app, {p: s.quantity for p, s in scales.items()})
