"""The arithmetic of the benchmarks."""

from __future__ import annotations

import pytest

from benchmarks.samples import Samples, percentile


def test_a_sample_tells_its_middle_and_its_extremes() -> None:
    odd = Samples((5.0, 1.0, 3.0))
    assert (odd.median, odd.least, odd.most, odd.count) == (3.0, 1.0, 5.0, 3)
    assert Samples((4.0, 1.0, 2.0, 100.0)).median == 3.0


def test_nothing_measured_is_an_error_and_no_figure() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Samples(())


def test_a_ratio_is_of_the_same_round_so_that_a_slow_machine_does_not_show() -> None:
    floor, push = Samples((1.0, 4.0, 1.0)), Samples((2.0, 8.0, 2.0))
    assert push.over(floor).values == (2.0, 2.0, 2.0)


def test_the_ratio_of_rounds_is_not_the_ratio_of_medians() -> None:
    floor, push = Samples((1.0, 2.0, 4.0)), Samples((4.0, 2.0, 1.0))
    assert push.median / floor.median == 1.0
    assert push.over(floor).values == (4.0, 1.0, 0.25)


def test_rounds_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Samples((1.0, 2.0, 3.0)).over(Samples((1.0, 2.0)))


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(1, 201)]
    assert percentile(values, 0.5) == 100.0
    assert percentile(values, 0.99) == 198.0
    assert percentile(values, 1.0) == 200.0
    assert percentile([7.0], 0.01) == 7.0


def test_one_slow_answer_of_fifty_is_seen_by_the_99th_percentile() -> None:
    assert percentile([0.001] * 49 + [3.0], 0.99) == 3.0


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.1)])
def test_a_percentile_of_nothing_or_of_no_share_is_refused(
    values: list[float], share: float
) -> None:
    with pytest.raises(ValueError, match="share"):
        percentile(values, share)
