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

    def replace(
        self,
        hosts: Mapping[str, Sequence[HostName]],
        *,
        secure: Mapping[str, Sequence[HostName]] | None = None,
    ) -> None:
        """Note the hosts of all apps; an app destroyed meanwhile is left out.

        `secure` has those of them that a certificate is valid for.
        """
        others = secure or {}
        with self._database.write() as connection:
            connection.execute("DELETE FROM routes")
            connection.executemany(
                "INSERT INTO routes SELECT name, ?2, ?3 FROM apps WHERE name = ?1",
                [
                    (app, json.dumps(list(names)), json.dumps(list(others.get(app, ()))))
                    for app, names in hosts.items()
                ],
            )

    def all(self) -> dict[str, list[HostName]]:
        """Return app -> hosts."""
        rows = self._database.rows("SELECT app, hosts FROM routes")
        return {row["app"]: [HostName(h) for h in json.loads(row["hosts"])] for row in rows}

    def secure(self, app: str) -> list[HostName]:
        """Return the hosts of an app that are served over https without a browser's warning."""
        row = self._database.row("SELECT secure FROM routes WHERE app = ?", app)
        return [HostName(host) for host in json.loads(row["secure"])] if row else []
