from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from dokkupy.errors import UsageError
from dokkupy.moments import Duration, Moment


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("30s", 30), ("10m", 600), ("2H", 7200), ("7d", 604_800), ("0", 0)],
)
def test_duration_is_understood_in_seconds(text: str, seconds: int) -> None:
    assert Duration.parse(text).seconds == seconds


@pytest.mark.parametrize("text", ["", "h", "1.5h", "-1h", "1 h", "1w", "²h", "9" * 40, "1h30m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no duration"):
        Duration.parse(text)


def test_a_moment_may_be_so_long_ago() -> None:
    assert Moment.parse("10m") == pytest.approx(time.time() - 600, abs=5)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T18:00:05+00:00", datetime(2026, 1, 31, 18, 0, 5, tzinfo=UTC)),
        ("2026-01-31T18:00:05Z", datetime(2026, 1, 31, 18, 0, 5, tzinfo=UTC)),
        ("2026-01-31 18:00+02:00", datetime(2026, 1, 31, 16, 0, tzinfo=UTC)),
    ],
)
def test_a_moment_may_be_a_date_with_a_time(text: str, moment: datetime) -> None:
    assert Moment.parse(text) == moment.timestamp()


def test_a_moment_without_offset_is_in_local_time() -> None:
    local = datetime(2026, 1, 31, 18, 0).astimezone()
    assert Moment.parse("2026-01-31T18:00") == local.timestamp()
    assert Moment.parse("2026-01-31") == local.timestamp() - 18 * 3600


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "0001-01-01", "nan", "-5", "5m x"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no moment"):
        Moment.parse(text)
