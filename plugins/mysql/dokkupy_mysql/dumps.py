"""Dumps of MariaDB and MySQL: what they look like, and what they hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dokkupy.errors import Refused

TABLES: Final = (
    "SELECT HEX(table_name) FROM information_schema.tables"
    " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY table_name"
)
END: Final = b"-- Dump completed"
WRITE_LATER: Final = "SET GLOBAL innodb_flush_log_at_trx_commit = 0;"
WRITE_AT_ONCE: Final = "SET GLOBAL innodb_flush_log_at_trx_commit = 1; FLUSH ENGINE LOGS;"
"""Has what was committed before written, too."""

_HEAD: Final = re.compile(rb"^-- (MariaDB|MySQL) dump ", re.MULTILINE)
_VERSION: Final = re.compile(rb"^-- Server version\s+(\d+)\.(\d+)", re.MULTILINE)


def counting(tables: Sequence[str]) -> str:
    """Return the question how many rows each table has, answered in their order."""
    quoted = (f"`{table.replace('`', '``')}`" for table in tables)
    return "".join(f"SELECT COUNT(*) FROM {table};\n" for table in quoted)  # noqa: S608 - quoted


def refuse_head(head: bytes, version: str) -> None:
    """Look at the beginning of what shall be loaded into a server of `version`.

    Raises:
        Refused: it is no dump, or one of a newer server of the same maker.
    """
    kind = _HEAD.search(head)
    if kind is None:
        raise Refused(
            "This is no dump of MariaDB or MySQL.",
            hint="Make one with comments: mariadb-dump --single-transaction DATABASE > FILE",
        )
    made_by = _VERSION.search(head)
    same_maker = (kind[1] == b"MariaDB") == ("mariadb" in version.lower())
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if made_by is None or numbers is None or not same_maker:
        return
    theirs = (int(made_by[1]), int(made_by[2]))
    if theirs > (int(numbers[1]), int(numbers[2])):
        raise Refused(
            f"The dump is of version {theirs[0]}.{theirs[1]}, and the server is {version}.",
            hint="Upgrade the service first: dokkupy mysql upgrade NAME --image IMAGE",
        )


def refuse_tail(tail: bytes) -> None:
    """Look at the end of a dump.

    Raises:
        Refused: the line that ends every dump is missing.
    """
    if END not in tail:
        raise Refused(
            "The dump is not all there: its last line is missing.",
            hint="Make it again, with comments and to its end.",
        )
