"""A dump is looked at in lines, and never kept."""

from __future__ import annotations

import tracemalloc

import pytest

from dokkupy.services.dump_lines import LONGEST, DumpLines, line_at

LINES = [b"-- head\n", b"\n", b"(1,'a'),\n", b"(2,'b');\n", b"UNLOCK\n"]


@pytest.mark.parametrize("size", range(1, 12))
def test_lines_arrive_whole_whatever_the_pieces(size: int) -> None:
    seen: list[bytes] = []
    lines = DumpLines(seen.append)
    dump = b"".join(LINES)
    for at in range(0, len(dump), size):
        lines.write(dump[at : at + size])
    assert all(piece.endswith(b"\n") for piece in seen)
    assert b"".join(seen) == dump


def test_what_has_no_end_yet_waits() -> None:
    seen: list[bytes] = []
    DumpLines(seen.append).write(b"one\ntw")
    assert seen == [b"one\n"]


def test_of_a_huge_line_the_beginning_is_handed_on_and_nothing_kept() -> None:
    seen: list[bytes] = []
    lines = DumpLines(lambda line: seen.append(line[:9]))
    piece = b"x" * LONGEST
    tracemalloc.start()
    try:
        for number in range(500):
            lines.write((b"(7,'" if number == 0 else b"") + piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    lines.write(b"');\nafter\n")
    assert seen == [b"(7,'xxxxx", b"after\n"]
    assert peak < 8 * LONGEST


@pytest.mark.parametrize(
    ("lines", "at", "found"),
    [(b"END\nx\n", 0, 0), (b"x\nEND\n", 0, 2), (b"x END\n", 0, -1), (b"END\nEND\n", 4, 4)],
)
def test_only_the_beginning_of_a_line_counts(lines: bytes, at: int, found: int) -> None:
    assert line_at(lines, b"END\n", at) == found
