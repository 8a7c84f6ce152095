"""What visitors of one app notice while another app is built on the same host."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.answers import Answer, quick_percentiles
from benchmarks.arena import Arena, arena
from benchmarks.checkout import Checkout
from benchmarks.load import APP, RATE, client
from benchmarks.results import Count, Measure, Result
from benchmarks.samples import Samples
from benchmarks.tools import BenchmarkError, Tools, load_average, say

RUNS: Final = 6
BUSY: Final = "hello"
SECONDS: Final = 8
"""Of one turn: as long as a build keeps every processor busy."""
LIMIT: Final = 2.0
"""The p99 beside a build, as a multiple of that without."""

BURN: Final = (
    "import os, time; [os.fork() for _ in range(2)]; end = time.time() + {seconds}\n"
    "while time.time() < end: sum(range(1000))"
)
"""What a compiler does to a host: four processes that never wait."""

Turn = tuple[float, float]
"""Beginning and end, in monotonic seconds."""


def measure(tools: Tools, runs: int | None) -> Result:
    """Load one app for as many turns without a build of another as with one, in turn."""
    load_before, count = load_average(), runs or RUNS
    turns: dict[str, list[Turn]] = {"quiet": [], "build": []}
    with arena(tools) as root:
        serving = Checkout(tools, root.folder / "serving", APP)
        busy = Checkout(tools, root.folder / "busy", BUSY)
        root.run("stack", "ensure", "python")
        for app, checkout in ((APP, serving), (BUSY, busy)):
            root.run("apps", "create", app)
            _push(root, checkout, app)
        output = root.folder / "answers"
        with client(root, "new", output):
            time.sleep(2)
            for number in range(count):
                for what in turns if number % 2 else reversed(turns):
                    began = time.monotonic()
                    if what == "build":
                        _build(root, busy, number)
                    else:
                        time.sleep(SECONDS)
                    turns[what].append((began, time.monotonic()))
                    time.sleep(1)
                say(f"beside: round {number + 1} of {count}")
        answers = [Answer.read(line) for line in output.read_text().splitlines()]
    return evaluate(answers, turns, loads=(load_before, load_average()))


def evaluate(
    answers: Sequence[Answer],
    turns: Mapping[str, Sequence[Turn]],
    *,
    loads: tuple[float, float],
) -> Result:
    """Return the times with and without a build, and their ratio turn by turn; pure."""
    found = {
        what: [quick_percentiles(_within(answers, turn)) for turn in some]
        for what, some in turns.items()
    }
    p50, p99 = (
        {what: Samples(tuple(times[which] for times in some)) for what, some in found.items()}
        for which in (0, 1)
    )
    measures = [
        Measure(what=f"{name} {words}", unit="ms", samples=samples[what].times(1000))
        for name, samples in (("p50", p50), ("p99", p99))
        for what, words in (("quiet", "without a build"), ("build", "beside one"))
    ]
    ratio = p99["build"].over(p99["quiet"])
    measures.append(
        Measure(what="p99 beside a build / without", unit="x", samples=ratio, limit=LIMIT)
    )
    failed = [answer for answer in answers if answer.failure]
    return Result(
        part="beside",
        conditions=(
            f"{RATE} requests a second on new connections to examples/probe, every 40th takes 2 s.",
            f"Beside it a build of examples/hello in which four processes work for {SECONDS} s.",
            "Quick requests of each turn; turns with and without a build alternate.",
            f"Load average {loads[0]:.1f} before, {loads[1]:.1f} after.",
        ),
        measures=measures,
        counts=[
            Count(what="requests", value=len(answers)),
            Count(what="failed", value=len(failed), must=0),
        ],
        detail={"load_average": list(loads)},
    )


def _within(answers: Sequence[Answer], turn: Turn) -> list[Answer]:
    began, ended = turn
    return [answer for answer in answers if began <= answer.began and answer.ended <= ended]


def _push(root: Arena, checkout: Checkout, app: str) -> None:
    pushed = checkout.push(str(root.root / "git" / f"{app}.git"))
    if not pushed.accepted:
        raise BenchmarkError(f"The push was refused:\n{pushed.output}")


def _build(root: Arena, checkout: Checkout, number: int) -> None:
    burn = BURN.format(seconds=SECONDS).replace("\n", "\\n")
    text = checkout.write("Dockerfile", "")
    lines = [line for line in text.splitlines() if not line.startswith(("RUN", "ENV ROUND"))]
    lines[2:2] = [f"ENV ROUND={number}", f'RUN ["python3", "-c", "{burn}"]']
    checkout.write("Dockerfile", "\n".join(lines) + "\n")
    checkout.commit()
    checkout.store(str(root.root / "git" / f"{BUSY}.git"), "next")
    root.run("build", BUSY, "--ref", "next")
