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

LARGEST: Final = 1024**3
"""Bytes that a statement may have at most. What is binary takes twice its size in a dump."""
DEFINERS: Final = (
    "SELECT DISTINCT HEX(definer) FROM ("
    " SELECT definer FROM information_schema.views WHERE table_schema = DATABASE() UNION ALL"
    " SELECT definer FROM information_schema.triggers WHERE trigger_schema = DATABASE() UNION ALL"
    " SELECT definer FROM information_schema.routines WHERE routine_schema = DATABASE() UNION ALL"
    " SELECT definer FROM information_schema.events WHERE event_schema = DATABASE()"
    ") AS named"
)
"""Asks as whom views, triggers, routines and events act."""

_HEAD: Final = re.compile(rb"^-- (MariaDB|MySQL) dump ", re.MULTILINE)
_OTHERS: Final = re.compile(rb"^-- Current Database: |^USE `", re.MULTILINE)
_VERSION: Final = re.compile(rb"^-- Server version\s+(\d+)\.(\d+)", re.MULTILINE)


def counting(tables: Sequence[str]) -> str:
    """Return the question how many rows each table has, answered in their order."""
    quoted = (f"`{table.replace('`', '``')}`" for table in tables)
    return "".join(f"SELECT COUNT(*) FROM {table};\n" for table in quoted)  # noqa: S608 - quoted


def stand_in(definer: str, database: str) -> str:
    """Return what makes a user of that name (`name@host`) who owns a database and cannot sign in.

    Views and triggers act as whoever made them, and do nothing once there is no such user: those
    of a dump were made elsewhere. A user that there is stays what it is.
    """
    name, _, host = definer.rpartition("@")
    user = f"{_text(name)}@{_text(host)}"
    return (
        f"CREATE USER IF NOT EXISTS {user} ACCOUNT LOCK;\nGRANT ALL ON `{database}`.* TO {user};\n"
    )


def _text(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def refuse_head(head: bytes, version: str) -> None:
    """Look at the beginning of what shall be loaded into a server of `version`.

    Raises:
        Refused: it is no dump, goes elsewhere, or is of a newer server of the same maker.
    """
    kind = _HEAD.search(head)
    if kind is None:
        raise Refused(
            "This is no dump of MariaDB or MySQL.",
            hint="Make one with comments: mariadb-dump --single-transaction DATABASE > FILE",
        )
    if _OTHERS.search(head):
        raise Refused(
            "The dump names the databases that it goes to, none of which is the service's own.",
            hint="Make it of one database, without --databases and --all-databases.",
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
