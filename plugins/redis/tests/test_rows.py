from __future__ import annotations

import pytest

from dokkupy_redis.rows import Keys

HEAD = b"REDIS0010\xfa\x09redis-ver\x067.0.15\xfa\x08aof-base\xc0\x00"


def told(dump: bytes) -> dict[str, int]:
    counter = Keys()
    for at in range(0, len(dump), 7):
        counter.write(dump[at : at + 7])
    return counter.counts()


@pytest.mark.parametrize(
    ("sizes", "keys"),
    [
        (b"\x05\x02", 3),
        (b"\x41\x00\x01", 255),
        (b"\x80\x00\x01\x00\x00\x42\x00", 65536 - 512),
        (b"\x81" + (2**33).to_bytes(8, "big") + b"\x00", 2**33),
    ],
)
def test_the_keys_that_last_are_told_ahead_of_them(sizes: bytes, keys: int) -> None:
    assert told(HEAD + b"\xfe\x00\xfb" + sizes + b"\x00\x01a\x01b" * 2000) == {"db0": keys}


@pytest.mark.parametrize(
    "dump",
    [
        HEAD,
        HEAD + b"\xfe\x00\xfb",
        HEAD + b"\xfe\x00\xfb\x41",
        HEAD + b"\xfe\x00\xfb\xc0\x01",
        HEAD + b"\xfe\x01\xfb\x05\x00",
    ],
)
def test_where_they_are_not_told_nothing_is_said(dump: bytes) -> None:
    assert told(dump) == {}
