"""What the tables and the exit code say."""

from __future__ import annotations

from benchmarks.listing import Spent
from benchmarks.listing import evaluate as evaluate_list
from benchmarks.push import PushTimes, Rounds
from benchmarks.push import evaluate as evaluate_push
from benchmarks.results import Count, Measure, Result, table
from benchmarks.samples import Samples
from benchmarks.slope import evaluate as evaluate_slope


def ratio(value: float) -> Measure:
    return Measure(what="push", unit="x", samples=Samples((value,)), limit=3.0, aim=2.2)


def test_a_median_is_held_against_aim_and_limit() -> None:
    assert ratio(2.2).verdict == "reaches the aim of 2.2 x"
    assert ratio(2.3).verdict == "within the limit of 3, aim 2.2 x"
    assert ratio(3.1).verdict == "over the limit of 3 x"


def test_one_failed_request_fails_the_benchmark_and_shows() -> None:
    counts = [Count(what="requests", value=9000), Count(what="failed", value=1, must=0)]
    result = Result(part="load", conditions=(), counts=counts)
    assert not result.met
    assert "must be 0: IT IS NOT" in table(result)
    assert Result(part="load", conditions=(), counts=counts[:1]).met


def test_a_slow_figure_shows_and_does_not_fail() -> None:
    result = Result(part="push", conditions=("How.",), measures=[ratio(9.0)])
    assert result.met
    assert "over the limit" in table(result)
    assert "How." in table(result)


def test_a_push_is_held_against_the_faster_floor_of_its_own_round() -> None:
    rounds = Rounds(
        floors={"classic": [2.0, 2.0, 4.0], "BuildKit": [1.0, 1.0, 2.0]},
        pushes={"path": [push(2.0), push(2.0), push(4.0)], "ssh": [push(3.0)] * 3},
    )
    result = evaluate_push(rounds, probation=5.0, loads=(0.0, 0.0))
    assert result.detail["fastest_floor"] == "BuildKit"
    by_path = next(row for row in result.measures if row.limit == 3.0)
    assert by_path.samples.values == (2.0, 2.0, 2.0)
    assert by_path.verdict == "reaches the aim of 2.2 x"


def test_what_the_ledger_does_not_explain_of_a_push_is_shown() -> None:
    assert round(push(2.0).outside, 6) == 0.5


def push(answered: float) -> PushTimes:
    steps = {"build": answered - 1.0, "stage": 0.3, "check": 0.1, "switch": 0.1, "probation": 5.0}
    return PushTimes(answered=answered, returned=answered + 5.5, steps=steps)


def test_a_listing_is_held_against_both_floors_round_by_round() -> None:
    seconds = {"bare": [0.01, 0.02], "typer": [0.08, 0.16], "ours": [0.1, 0.2]}
    times = {
        name: [Spent(seconds=value, processor=value / 2) for value in values]
        for name, values in seconds.items()
    }
    result = evaluate_list(times, plugins=["a"], loads=(0.0, 0.0))
    ratios = [row.samples.values for row in result.measures if row.unit == "x"]
    assert [tuple(round(value, 6) for value in row) for row in ratios] == [(10, 10), (1.25, 1.25)]
    ours = next(row for row in result.measures if row.limit)
    assert round(ours.samples.median, 6) == 150.0
    assert ours.verdict == "over the limit of 110 ms"
    assert round(result.measures[-3].samples.median, 6) == 75.0


def test_a_slope_is_what_each_of_the_apps_between_adds() -> None:
    times = {"apps list": {1: [0.1, 0.1, 0.1], 50: [0.149, 0.149, 0.5]}}
    result = evaluate_slope(times, loads=(0.0, 0.0))
    assert round(result.detail["slope_seconds_per_app"]["apps list"], 6) == 0.001
    assert result.remarks == ["apps list: +1.00 ms per app"]
