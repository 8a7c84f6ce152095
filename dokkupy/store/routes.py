"""The hosts that each app was last routed under, so that a listing needs no plugin."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from dokkupy.names import HostName
from dokkupy.store.database import Database


class RoutedHosts:
    """App -> hosts, as of the last applied routes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, hosts: Mapping[str, Sequence[HostName]]) -> None:
        """Note the hosts of all apps; an app destroyed meanwhile is left out."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM routes")
            connection.executemany(
                "INSERT INTO routes SELECT name, ?2 FROM apps WHERE name = ?1",
                [(app, json.dumps(list(names))) for app, names in hosts.items()],
            )

    def all(self) -> dict[str, list[HostName]]:
        """Return app -> hosts."""
        rows = self._database.rows("SELECT app, hosts FROM routes")
        return {row["app"]: [HostName(h) for h in json.loads(row["hosts"])] for row in rows}
