from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.errors import Refused
from dokkupy_redis import dumps

HEAD = b"REDIS0010\xfa\x09redis-ver\x067.0.15\xfa\x0aredis-bits\xc0\x40"
END = b"\xff" + bytes(8)


@pytest.mark.parametrize("version", ["7.0.1", "7.2.4", "8.0.0"])
def test_a_dump_of_the_same_or_an_older_server_is_taken(version: str) -> None:
    dumps.refuse_head(HEAD, version)


@pytest.mark.parametrize("version", ["6.2.14", "5.0.3"])
def test_a_dump_of_a_newer_server_is_refused(version: str) -> None:
    with pytest.raises(Refused, match=r"7\.0"):
        dumps.refuse_head(HEAD, version)


@pytest.mark.parametrize("head", [b"", b"REDIS", b"*2\r\n$6\r\nSELECT\r\n", b" REDIS0010"])
def test_what_is_no_dump_is_refused(head: bytes) -> None:
    with pytest.raises(Refused, match="no dump"):
        dumps.refuse_head(head, "7.0.15")


def test_a_dump_without_its_end_is_refused() -> None:
    dumps.refuse_tail(b"data" + END)
    for tail in (b"", END[:-1], b"data" + END[:-1]):
        with pytest.raises(Refused, match="not all there"):
            dumps.refuse_tail(tail)


@given(data=st.binary(max_size=200), sizes=st.lists(st.integers(1, 90)), marked=st.booleans())
def test_the_mark_of_a_stream_is_cut_off_and_nothing_else(
    data: bytes, sizes: list[int], marked: bool
) -> None:
    stream = data + END + (b"0123456789abcdef0123456789abcdef01234567" if marked else b"")
    found = bytearray()
    unmarked = dumps.Unmarked(found.extend)
    for size in sizes:
        unmarked.write(stream[:size])
        stream = stream[size:]
    unmarked.write(stream)
    unmarked.finish()
    assert found == data + END


def test_keys_that_expire_are_not_counted() -> None:
    told = "# Keyspace\r\ndb0:keys=5,expires=2,avg_ttl=7\r\ndb11:keys=1,expires=0,avg_ttl=0\r\n"
    assert dumps.lasting(told) == {"db0": 3, "db11": 1}
    assert dumps.lasting("db0:keys=2,expires=2,avg_ttl=7\r\n") == {}


def test_what_the_checker_read_is_counted_without_what_expires() -> None:
    said = "[info] 4 keys read\n[info] 1 expires\n[info] 0 already expired\n"
    assert dumps.checked(said) == 3
    with pytest.raises(Refused, match="cannot be counted"):
        dumps.checked("nothing of the kind")
