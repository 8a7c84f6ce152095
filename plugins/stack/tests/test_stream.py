from __future__ import annotations

from collections.abc import Callable, Generator

import pytest

from dokkupy.errors import BuildFailed
from dokkupy.types import Line
from dokkupy_stack.stream import stream


def test_lines_come_while_the_work_goes_on_and_the_result_at_the_end() -> None:
    def work(on_line: Callable[[str], None]) -> int:
        on_line("one")
        on_line("two")
        return 7

    def collect() -> Generator[Line, None, int]:
        result = yield from stream(work)
        results.append(result)
        return result

    results: list[int] = []
    assert [line.text for line in collect()] == ["one", "two"]
    assert results == [7]


def test_what_the_work_raises_comes_after_its_last_line() -> None:
    def work(on_line: Callable[[str], None]) -> None:
        on_line("one")
        raise BuildFailed("No.")

    lines = stream(work)
    assert next(lines).text == "one"
    with pytest.raises(BuildFailed):
        next(lines)
