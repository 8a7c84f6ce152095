"""What a command costs beside one app and beside fifty, and so what each app adds."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from benchmarks.arena import Arena, arena
from benchmarks.checkout import Checkout
from benchmarks.first_answer import FirstAnswer
from benchmarks.listing import time_command
from benchmarks.results import Measure, Result
from benchmarks.samples import Samples
from benchmarks.tools import BenchmarkError, Tools, load_average, say

RUNS = 7
FEW, MANY = 1, 50
LISTS_PER_ROUND = 3
EXAMPLE = "hello"

Times = dict[str, dict[int, list[float]]]
"""What was done -> how many apps there were -> seconds of each time."""


def measure(tools: Tools, runs: int | None) -> Result:
    """Make a root with one app and one with fifty, and do the same to both in turn."""
    count = runs or RUNS
    load_before = load_average()
    times: Times = {}
    with ExitStack() as stack:
        roots = {size: stack.enter_context(arena(tools)) for size in (FEW, MANY)}
        checkouts = {size: populate(root, size) for size, root in roots.items()}
        for number in range(count):
            sizes = (FEW, MANY) if number % 2 else (MANY, FEW)
            for what in ("apps list", "domains add", "redeploy -> first answer"):
                for size in sizes:
                    seconds = _do(what, roots[size], checkouts[size], number)
                    times.setdefault(what, {}).setdefault(size, []).extend(seconds)
            say(f"slope: round {number + 1} of {count}")
    return evaluate(times, loads=(load_before, load_average()))


def populate(root: Arena, size: int) -> Checkout:
    """Create and really push the apps `app-1` to `app-SIZE`, all of the same tree."""
    root.run("stack", "ensure", "python")
    checkout = Checkout(root.tools, root.folder / "checkout", EXAMPLE)
    for number in range(1, size + 1):
        root.run("apps", "create", f"app-{number}")
        _push(root, checkout, f"app-{number}")
        if number % 10 == 0:
            say(f"slope: {number} of {size} apps deployed")
    return checkout


def _push(root: Arena, checkout: Checkout, app: str) -> float:
    pushed = checkout.push(str(root.root / "git" / f"{app}.git"))
    if not pushed.accepted:
        raise BenchmarkError(f"The push of {app} was refused:\n{pushed.output}")
    return pushed.began


def _do(what: str, root: Arena, checkout: Checkout, number: int) -> list[float]:
    env = root.tools.environment
    if what == "apps list":
        command = root.command("apps", "list")
        return [time_command(command, root.folder, env).seconds for _ in range(LISTS_PER_ROUND)]
    if what == "domains add":
        command = root.command("domains", "add", "app-1", f"extra-{number}.example.com")
        return [time_command(command, root.folder, env).seconds]
    version = f"redeploy-{number}"
    checkout.change(version)
    with FirstAnswer(root.port, root.host("app-1"), f"version {version}\n") as first:
        began = _push(root, checkout, "app-1")
        return [first.came() - began]


def evaluate(times: Times, *, loads: tuple[float, float]) -> Result:
    """Return the figures at both sizes and the slope between their medians; pure."""
    rows, slopes = [], {}
    for what, by_size in times.items():
        unit, factor = ("s", 1.0) if what.startswith("redeploy") else ("ms", 1000.0)
        few, many = (Samples(tuple(by_size[size])).times(factor) for size in (FEW, MANY))
        for size, found in ((FEW, few), (MANY, many)):
            row = Measure(
                what=f"{what}, {size} app{'s' if size > 1 else ''}",
                unit="s" if unit == "s" else "ms",
                samples=found,
            )
            rows.append(row)
        slopes[what] = slope(by_size)
    return Result(
        part="slope",
        conditions=(
            (
                f"Two roots side by side, one with {FEW} deployed app and one with {MANY},"
                f" all of the tree of examples/{EXAMPLE}, each pushed for real."
            ),
            (
                "The same is done to both in turn; the slope is the difference of the medians"
                f" by the {MANY - FEW} apps between them."
            ),
            f"Load average {loads[0]:.1f} before, {loads[1]:.1f} after.",
        ),
        measures=rows,
        remarks=[f"{what}: {slopes[what] * 1000:+.2f} ms per app" for what in slopes],
        detail={"slope_seconds_per_app": slopes, "load_average": list(loads)},
    )


def slope(by_size: Mapping[int, list[float]]) -> float:
    """Return how many seconds each app adds."""
    few, many = (Samples(tuple(by_size[size])).median for size in (FEW, MANY))
    return (many - few) / (MANY - FEW)
