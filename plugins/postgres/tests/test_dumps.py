from __future__ import annotations

import pytest

from dokkupy.errors import Refused
from dokkupy_postgres import dumps

HEAD = b"""--
-- PostgreSQL database dump
--

\\restrict x

-- Dumped from database version 15.14 (Debian 15.14-0+deb12u1)
-- Dumped by pg_dump version 15.14 (Debian 15.14-0+deb12u1)

SET statement_timeout = 0;
"""


@pytest.mark.parametrize("version", ["15.1", "15.14", "16.2", "17.0"])
def test_a_dump_of_the_same_or_an_older_major_version_is_taken(version: str) -> None:
    dumps.refuse_head(HEAD, version)


@pytest.mark.parametrize("version", ["14.19", "9.6.24"])
def test_a_dump_of_a_newer_major_version_is_refused(version: str) -> None:
    with pytest.raises(Refused, match="version 15"):
        dumps.refuse_head(HEAD, version)


def test_a_dump_written_by_a_newer_pg_dump_is_refused() -> None:
    with pytest.raises(Refused, match="version 17"):
        dumps.refuse_head(HEAD.replace(b"pg_dump version 15", b"pg_dump version 17"), "15.14")


@pytest.mark.parametrize("head", [b"", b"\x1f\x8b\x08", b"SELECT '-- PostgreSQL database dump';"])
def test_what_is_no_dump_is_refused(head: bytes) -> None:
    with pytest.raises(Refused, match="no dump of PostgreSQL"):
        dumps.refuse_head(head, "15.14")


def test_an_archive_is_refused_with_the_command_that_makes_text_of_it() -> None:
    with pytest.raises(Refused, match="archive") as caught:
        dumps.refuse_head(b"PGDMP\x01\x0e", "15.14")
    assert "pg_restore" in caught.value.hint


def test_a_dump_without_its_last_line_is_refused() -> None:
    dumps.refuse_tail(b"--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict x\n\n")
    with pytest.raises(Refused, match="not all there"):
        dumps.refuse_tail(b"\\.\n\n--\n-- PostgreSQL database dump comp")


def test_every_table_is_counted() -> None:
    assert dumps.counting(["public.a", 'public."b; c"']) == (
        'SELECT count(*) FROM public.a;\nSELECT count(*) FROM public."b; c";\n'
    )


def test_a_dump_that_makes_a_database_of_its_own_is_refused() -> None:
    dumps.refuse_head(HEAD + b"COMMENT ON SCHEMA x IS '\\\\connect';\n", "15.14")
    with pytest.raises(Refused, match="database of its own") as caught:
        dumps.refuse_head(HEAD + b"CREATE DATABASE shop;\n\\connect shop\n", "15.14")
    assert "--create" in caught.value.hint
