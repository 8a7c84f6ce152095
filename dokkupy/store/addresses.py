"""Addresses on the root's network, handed out in a circle so that none is reused soon."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from dokkupy.errors import EngineError
from dokkupy.names import AppName
from dokkupy.store.database import Database
from dokkupy.store.meta import Meta

CURSOR = "address_cursor"


class Addresses:
    """Who holds which address: an app, or `APP run`; the circle's position is in `meta`."""

    def __init__(self, database: Database, meta: Meta) -> None:
        self._database = database
        self._meta = meta

    def take(self, owner: str, subnet: str) -> str:
        """Return the next free address of `subnet` after the one handed out last.

        Raises:
            EngineError: all addresses of the subnet are held.
        """
        network = ipaddress.ip_network(subnet)
        size = network.num_addresses
        with self._database.write() as connection:
            held = {row["address"] for row in connection.execute("SELECT address FROM addresses")}
            cursor = int(self._meta.get(CURSOR, "1"))
            for step in range(1, size + 1):
                offset = (cursor + step) % size
                address = str(network[offset])
                if 2 <= offset < size - 1 and address not in held:
                    connection.execute("INSERT INTO addresses VALUES (?, ?)", (address, owner))
                    self._meta.set(CURSOR, str(offset))
                    return address
        raise EngineError(
            f"All addresses of {subnet} are in use.",
            hint="Remove what is not needed: dokkupy apps list; dokkupy apps destroy APP",
        )

    def give_back(self, address: str) -> None:
        """Free an address whose container is gone."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM addresses WHERE address = ?", (address,))

    def keep_only(self, app: AppName, used: Collection[str]) -> None:
        """Free what a dead runner left: the app's addresses that no container has."""
        with self._database.write() as connection:
            rows = connection.execute("SELECT address FROM addresses WHERE owner = ?", (app,))
            for row in rows.fetchall():
                if row["address"] not in used:
                    self.give_back(row["address"])

    def forget(self, app: AppName) -> None:
        """Free every address of an app whose containers are all gone, one-off ones too."""
        with self._database.write() as connection:
            connection.execute(
                "DELETE FROM addresses WHERE owner = ?1 OR owner LIKE ?1 || ' %'", (app,)
            )
