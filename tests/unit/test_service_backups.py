"""What backups are made of: sealed streams, manifests, streams that fail."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import IO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dokkupy.errors import Refused, StateError
from dokkupy.report import Report
from dokkupy.services import judging, sealing
from dokkupy.services.following import followed
from dokkupy.services.manifest import Manifest, bounds
from dokkupy.services.sealing import Sealer, Unsealed
from dokkupy.services.source import Source, poured
from dokkupy.testing.patience import eventually

PASSPHRASE = "four words and one more"


def sealed(content: bytes, passphrase: str = "") -> tuple[bytes, str]:
    """Return a backup of some bytes, and its checksum."""
    found = bytearray()
    sealer = Sealer(found.extend, passphrase)
    for at in range(0, len(content), 70_000):
        sealer.write(content[at : at + 70_000])
    sealer.finish()
    assert sealer.size == len(found)
    return bytes(found), sealer.sha256


def opened(backup: bytes, sha256: str, passphrase: str = "") -> bytes:
    return Unsealed(io.BytesIO(backup), sha256=sha256, passphrase=passphrase).read()


@settings(max_examples=40, deadline=None)
@given(content=st.binary(max_size=3000))
def test_what_goes_in_comes_out(content: bytes) -> None:
    assert opened(*sealed(content)) == content


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000])
def test_any_size_comes_out_of_whole_chunks_and_parts(size: int, passphrase: str) -> None:
    content = os.urandom(size)
    assert opened(*sealed(content, passphrase), passphrase) == content


def test_no_word_of_a_sealed_backup_can_be_read() -> None:
    backup, _ = sealed(b"secret words " * 1000, PASSPHRASE)
    assert b"secret" not in backup
    with pytest.raises(Refused, match="passphrase is another"):
        opened(backup, "", "another passphrase")


def middle(backup: bytes) -> bytes:
    at = len(backup) // 2
    return backup[:at] + bytes([backup[at] ^ 1]) + backup[at + 1 :]


def chunks_swapped(backup: bytes) -> bytes:
    head = len(sealing.MAGIC) + sealing.SALT + sealing.PREFIX
    size = sealing.CHUNK + sealing.TAG
    first, second = backup[head : head + size], backup[head + size : head + 2 * size]
    return backup[:head] + second + first + backup[head + 2 * size :]


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
@pytest.mark.parametrize(
    "damage",
    [
        middle,
        chunks_swapped,
        lambda backup: backup[:-1],
        lambda backup: backup[: len(backup) // 2],
        lambda backup: backup[: len(sealing.MAGIC) + sealing.SALT + sealing.PREFIX],
        lambda backup: backup[:0],
        lambda backup: backup + b"more",
    ],
    ids=["changed", "swapped", "one byte less", "half", "head alone", "empty", "longer"],
)
def test_a_backup_that_is_not_what_was_written_is_refused(
    damage: Callable[[bytes], bytes], passphrase: str
) -> None:
    backup, sha256 = sealed(os.urandom(2_500_000), passphrase)
    with pytest.raises(Refused):
        opened(damage(backup), sha256, passphrase)


@pytest.mark.parametrize("cut", [1, 2])
def test_a_sealed_backup_cut_between_chunks_is_refused_before_its_checksum(cut: int) -> None:
    backup, _ = sealed(os.urandom(2_500_000), PASSPHRASE)
    head = len(sealing.MAGIC) + sealing.SALT + sealing.PREFIX
    with pytest.raises(Refused, match="unsealed"):
        opened(backup[: head + cut * (sealing.CHUNK + sealing.TAG)], "", PASSPHRASE)


def manifest(least: dict[str, int], most: dict[str, int]) -> Manifest:
    return Manifest(
        id="20261122-140000",
        noun="mysql",
        service="db",
        image="mariadb:lts",
        version="11.4",
        reason="asked",
        began_at=0.0,
        ended_at=1.0,
        size=1,
        stored=1,
        sha256="",
        sealed=False,
        least=least,
        most=most,
    )


@pytest.mark.parametrize(
    ("least", "most", "found", "wrong"),
    [
        ({"a": 3}, {"a": 3}, {"a": 3}, []),
        ({"a": 3}, {"a": 5}, {"a": 4}, []),
        ({}, {"came": 5}, {}, []),
        ({}, {"came": 5}, {"came": 2}, []),
        ({}, {}, {}, []),
        ({"a": 3}, {"a": 3}, {"a": 2}, ["a: 2 rows, not 3"]),
        ({"a": 3}, {"a": 5}, {"a": 6}, ["a: 6 rows, not 3 to 5"]),
        ({"a": 0}, {"a": 0}, {}, ["a: missing"]),
        ({"a": 1}, {"a": 1}, {"a": 1, "b": 7}, ["b: 7 rows, not 0"]),
    ],
)
def test_rows_are_compared_with_what_there_was_while_it_was_made(
    least: dict[str, int], most: dict[str, int], found: dict[str, int], wrong: list[str]
) -> None:
    assert manifest(least, most).differences(found) == wrong


@pytest.mark.parametrize(
    ("before", "after", "dumped", "least", "most"),
    [
        ({"a": 3}, {"a": 5}, {}, {"a": 3}, {"a": 5}),
        ({"a": 3}, {"a": 3}, {"a": 9}, {"a": 3}, {"a": 9}),
        ({"a": 3}, {"a": 3}, {"a": 0}, {"a": 0}, {"a": 3}),
        ({"went": 3}, {"came": 2}, {}, {}, {"went": 3, "came": 2}),
        ({"went": 3}, {}, {"went": 4}, {"went": 3}, {"went": 4}),
        ({}, {}, {"came and went": 1}, {"came and went": 1}, {"came and went": 1}),
    ],
)
def test_a_table_may_hold_what_was_counted_before_after_and_in_the_dump(
    before: dict[str, int],
    after: dict[str, int],
    dumped: dict[str, int],
    least: dict[str, int],
    most: dict[str, int],
) -> None:
    assert bounds(before, after, dumped) == (least, most)


def test_what_is_poured_arrives_whole_and_in_order() -> None:
    pieces = [os.urandom(50_000) for _ in range(100)]

    def produce(sink: Callable[[bytes], object]) -> None:
        for piece in pieces:
            sink(piece)

    with poured(produce) as source:
        assert source.read() == b"".join(pieces)


def test_half_of_what_is_poured_does_not_look_like_all() -> None:
    def produce(sink: Callable[[bytes], object]) -> None:
        sink(b"half")
        raise StateError("torn")

    with poured(produce) as source:
        assert source.read(100) == b"half"
        with pytest.raises(StateError, match="torn"):
            source.read(100)


def test_who_pours_ends_when_nobody_reads_any_more() -> None:
    ended: list[type[BaseException]] = []

    def produce(sink: Callable[[bytes], object]) -> None:
        try:
            while True:
                sink(bytes(100_000))
        except OSError as error:
            ended.append(type(error))
            raise

    with poured(produce) as source:
        source.read(10)
    assert ended == [BrokenPipeError]


class Pieces(Source):
    def __init__(self, *pieces: bytes) -> None:
        super().__init__()
        self._pieces = list(pieces)

    def piece(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


@settings(max_examples=50, deadline=None)
@given(pieces=st.lists(st.binary(min_size=1, max_size=20)), size=st.integers(1, 7))
def test_a_stream_gives_no_more_than_asked_for_and_all_in_the_end(
    pieces: list[bytes], size: int
) -> None:
    source = cast("IO[bytes]", Pieces(*pieces))
    found = list(iter(lambda: source.read(size), b""))
    assert all(len(part) <= size for part in found)
    assert b"".join(found) == b"".join(pieces)


def test_who_interrupts_work_hears_what_it_says_of_that() -> None:
    def work(report: Report, stopped: Callable[[], bool]) -> None:
        report.progress("begun")
        eventually(stopped)
        raise Refused("It was stopped half-way.")

    lines = followed(work)
    assert next(lines).text == "begun"
    with pytest.raises(Refused, match="half-way"):
        lines.throw(KeyboardInterrupt)


def test_a_dump_on_its_way_out_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "TELL_SECONDS", -1.0)
    told: list[str] = []
    written = bytearray()
    tail = judging.Tail(written.extend, told.append)
    for size in (300, 1200, 2_000_000):
        tail.write(bytes(size))
    assert told == ["300 bytes so far", "1.5 kB so far", "2.0 MB so far"]
    assert len(written) == tail.size
