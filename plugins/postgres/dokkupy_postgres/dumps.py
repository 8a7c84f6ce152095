"""Dumps of PostgreSQL: what they look like, and what they hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dokkupy.errors import Refused

TABLES: Final = (
    "SELECT encode(convert_to(format('%I.%I', n.nspname, c.relname), 'UTF8'), 'hex')"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'r' AND c.relpersistence <> 't'"
    " AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"
    " ORDER BY n.nspname, c.relname;"
)
"""Asks for the quoted names of all tables that hold rows, in hexadecimal digits."""
OWNERLESS: Final = "Make one of no owners: pg_dump --no-owner --no-privileges DATABASE > FILE"
END: Final = b"-- PostgreSQL database dump complete"

_HEAD: Final = re.compile(rb"^-- PostgreSQL database dump\s*$", re.MULTILINE)
_VERSIONS: Final = re.compile(
    rb"^-- Dumped (?:from database version|by pg_dump version) (\d+)", re.MULTILINE
)
_OTHER: Final = re.compile(rb"^\\connect ", re.MULTILINE)
_ARCHIVE: Final = b"PGDMP"


def counting(tables: Sequence[str]) -> str:
    """Return the question how many rows each table has, answered in their order."""
    return "".join(f"SELECT count(*) FROM {table};\n" for table in tables)  # noqa: S608 - quoted


def refuse_head(head: bytes, version: str) -> None:
    """Look at the beginning of what shall be loaded into a server of `version`.

    Raises:
        Refused: it is no dump as text, goes elsewhere, or is of a newer major version.
    """
    if head.startswith(_ARCHIVE):
        raise Refused(
            "This is an archive of pg_dump, and no dump as text.",
            hint="Turn it into one: pg_restore --no-owner --no-privileges --file=- ARCHIVE",
        )
    if _HEAD.search(head) is None:
        raise Refused(
            "This is no dump of PostgreSQL.",
            hint=OWNERLESS,
        )
    if _OTHER.search(head):
        raise Refused(
            "The dump makes a database of its own, which is not the service's.",
            hint=f"Leave --create out. {OWNERLESS}",
        )
    theirs = max(map(int, _VERSIONS.findall(head)), default=0)
    if theirs > int(version.partition(".")[0]):
        raise Refused(
            f"The dump is of version {theirs}, and the server is {version}.",
            hint="Upgrade the service first: dokkupy postgres upgrade NAME --image IMAGE",
        )


def refuse_tail(tail: bytes) -> None:
    """Look at the end of a dump.

    Raises:
        Refused: the line that ends every dump is missing.
    """
    if END not in tail:
        raise Refused(
            "The dump is not all there: its last line is missing.",
            hint="Make it again, to its end.",
        )
