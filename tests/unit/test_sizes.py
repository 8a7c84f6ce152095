from __future__ import annotations

import pytest

from dokkupy.errors import UsageError
from dokkupy.sizes import MemorySize, in_units


@pytest.mark.parametrize(
    ("text", "size"),
    [("512m", 512 * 2**20), ("2G", 2 * 2**30), ("8192k", 8 * 2**20), ("4194304", 4 * 2**20)],
)
def test_size_is_understood_in_bytes(text: str, size: int) -> None:
    assert MemorySize.parse(text).bytes == size


@pytest.mark.parametrize("text", ["", "m", "1.5g", "-1g", "3m", "2 g", "1t", "²g", "9" * 40])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="memory size"):
        MemorySize.parse(text)


@pytest.mark.parametrize("text", ["512m", "2g", "8193k", "4194305"])
def test_bytes_are_written_in_the_largest_unit_that_is_exact(text: str) -> None:
    assert in_units(MemorySize.parse(text).bytes) == text
