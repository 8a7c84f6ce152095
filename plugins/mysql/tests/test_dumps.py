from __future__ import annotations

import pytest

from dokkupy.errors import Refused
from dokkupy_mysql import dumps

MARIADB = b"""/*M!999999\\- enable the sandbox mode */
-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: db
-- ------------------------------------------------------
-- Server version\t10.11.19-MariaDB-0+deb12u1
"""
MYSQL = MARIADB.replace(b"MariaDB dump", b"MySQL dump").replace(
    b"10.11.19-MariaDB-0+deb12u1", b"8.4.2"
)


@pytest.mark.parametrize("version", ["10.11.4-MariaDB", "11.4.2-MariaDB", "10.12.0-MariaDB-log"])
def test_a_dump_of_the_same_or_an_older_server_is_taken(version: str) -> None:
    dumps.refuse_head(MARIADB, version)


@pytest.mark.parametrize("version", ["10.6.18-MariaDB", "10.5.1-MariaDB", "5.5.1-MariaDB"])
def test_a_dump_of_a_newer_server_is_refused(version: str) -> None:
    with pytest.raises(Refused, match=r"10\.11"):
        dumps.refuse_head(MARIADB, version)


def test_versions_of_different_makers_are_not_compared() -> None:
    dumps.refuse_head(MARIADB, "8.4.2")
    dumps.refuse_head(MYSQL, "5.5.1-MariaDB")


@pytest.mark.parametrize(
    "head", [b"", b"PGDMP\x01", b"SELECT '-- MariaDB dump 1';", b"\x1f\x8b\x08", MARIADB[60:]]
)
def test_what_is_no_dump_is_refused(head: bytes) -> None:
    if b"\n-- MariaDB dump" in head:
        pytest.fail("the sample is a dump after all")
    with pytest.raises(Refused, match="no dump"):
        dumps.refuse_head(head, "10.11.4-MariaDB")


def test_a_dump_without_its_last_line_is_refused() -> None:
    dumps.refuse_tail(b"UNLOCK TABLES;\n-- Dump completed on 2026-11-22 14:00:00\n")
    with pytest.raises(Refused, match="not all there"):
        dumps.refuse_tail(b"UNLOCK TABLES;\n-- Dump comp")


def test_names_of_tables_are_quoted() -> None:
    assert dumps.counting(["a", "b`; DROP TABLE a; --"]) == (
        "SELECT COUNT(*) FROM `a`;\nSELECT COUNT(*) FROM `b``; DROP TABLE a; --`;\n"
    )


@pytest.mark.parametrize(
    "line", [b"-- Current Database: `shop`\n", b"CREATE DATABASE `shop`;\nUSE `shop`;\n"]
)
def test_a_dump_that_goes_to_databases_of_its_own_is_refused(line: bytes) -> None:
    with pytest.raises(Refused, match="none of which is the service's own") as caught:
        dumps.refuse_head(MARIADB + line, "10.11.4-MariaDB")
    assert "--databases" in caught.value.hint


def test_a_definer_is_quoted_whoever_named_it() -> None:
    assert dumps.stand_in("o'b\\a@c@%", "db") == (
        "CREATE USER IF NOT EXISTS 'o''b\\\\a@c'@'%' ACCOUNT LOCK;\n"
        "GRANT ALL ON `db`.* TO 'o''b\\\\a@c'@'%';\n"
    )
