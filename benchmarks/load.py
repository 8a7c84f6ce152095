"""What visitors notice of deploys, rollbacks, scalings and failures under a steady load."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.answers import Account, Answer, Move, account, quick_percentiles
from benchmarks.arena import Arena, arena
from benchmarks.checkout import Checkout
from benchmarks.client import Kind
from benchmarks.results import Count, Measure, Result
from benchmarks.samples import Samples
from benchmarks.tools import REPOSITORY, BenchmarkError, Tools, load_average, say

APP = "probe"
RATE = 200
"""Requests a second."""
SLOW_EVERY = 40
"""Every so manyth request takes two seconds, so that ten are always in flight."""
QUIET_SECONDS = 2.0
"""Of load before the first command and after the last."""
SHOWN = 20
"""Failures told one by one; the rest is counted."""

CRASHES = 'CMD ["sh", "-c", "echo cannot start; exit 3"]'
DIES_ON_PROBATION = 'CMD ["sh", "-c", "python app.py & sleep 3; exit 4"]'

COURSE: tuple[tuple[str, ...], ...] = (
    ("push",),
    ("push",),
    ("scale", "3"),
    ("push",),
    ("push",),
    ("fail", CRASHES),
    ("rollback",),
    ("push",),
    ("push",),
    ("scale", "2"),
    ("push",),
    ("rollback",),
    ("push",),
    ("fail", DIES_ON_PROBATION),
    ("push",),
    ("rollback",),
    ("push",),
    ("scale", "1"),
)
"""10 redeploys, 3 rollbacks, 3 scalings, 2 failing deploys."""


@dataclass(slots=True)
class Course:
    """Walks the course on one root and remembers what was served when."""

    root: Arena
    checkout: Checkout
    remote: str
    version: int = 0
    serving: str = ""
    before: str = ""
    moves: list[Move] = field(default_factory=list)

    def walk(self) -> None:
        """Do everything once, in order."""
        for what, *arguments in COURSE:
            step: Callable[..., None] = getattr(self, what)
            step(*arguments)
            say(f"  {self.moves[-1].what}, {self.moves[-1].returned - self.moves[-1].began:.1f} s")

    def push(self) -> None:
        """Push a version that works."""
        text = self._next()
        pushed = self.checkout.push(self.remote)
        if not pushed.accepted:
            raise BenchmarkError(f"The push was refused:\n{pushed.output}")
        self._moved("push", pushed.began, pushed.returned, text)

    def fail(self, command: str) -> None:
        """Push a version that does not work: one that never starts, or dies on probation."""
        file = self.checkout.folder / "Dockerfile"
        good = file.read_text()
        broken = "\n".join(command if "CMD" in line else line for line in good.splitlines())
        self.checkout.write("Dockerfile", f"{broken}\n")
        text = self._next()
        pushed = self.checkout.push(self.remote)
        self.checkout.write("Dockerfile", good)
        if pushed.accepted:
            raise BenchmarkError(f"A push that must fail was accepted:\n{pushed.output}")
        may_serve = {text} if command == DIES_ON_PROBATION else set()
        self.moves.append(
            Move(
                what="failing push",
                began=pushed.began,
                returned=pushed.returned,
                during=frozenset({self.serving, *may_serve}),
                after=self.serving,
            )
        )

    def rollback(self) -> None:
        """Go back to what served before the last push."""
        began = time.monotonic()
        self.root.run("rollback", APP)
        self._moved("rollback", began, time.monotonic(), self.before)

    def scale(self, quantity: str) -> None:
        """Run so many web containers."""
        began = time.monotonic()
        self.root.run("ps", "scale", APP, f"web={quantity}")
        self._moved(f"scale web={quantity}", began, time.monotonic(), self.serving)

    def _next(self) -> str:
        self.version += 1
        self.checkout.change(f"v{self.version}")
        return f"version v{self.version}\n"

    def _moved(self, what: str, began: float, returned: float, text: str) -> None:
        during = frozenset({self.serving, text} - {""})
        self.moves.append(
            Move(what=what, began=began, returned=returned, during=during, after=text)
        )
        if text != self.serving:
            self.before, self.serving = self.serving, text


def measure(tools: Tools, _runs: int | None) -> Result:
    """Walk the course once for each kind of client, each on a root of its own."""
    load_before = load_average()
    found: dict[Kind, tuple[list[Answer], list[Move]]] = {}
    kinds: tuple[Kind, ...] = ("new", "keep-alive")
    for kind in kinds:
        say(f"load: {kind} connections")
        with arena(tools) as root:
            found[kind] = _under_load(root, kind)
    return evaluate(found, loads=(load_before, load_average()))


def _under_load(root: Arena, kind: Kind) -> tuple[list[Answer], list[Move]]:
    root.run("stack", "ensure", "python")
    root.run("apps", "create", APP)
    root.run("config", "set", APP, "QUIET=1")
    checkout = Checkout(root.tools, root.folder / "checkout", APP)
    course = Course(root=root, checkout=checkout, remote=str(root.root / "git" / f"{APP}.git"))
    course.push()
    output = root.folder / "answers"
    with client(root, kind, output):
        time.sleep(QUIET_SECONDS)
        course.walk()
        time.sleep(QUIET_SECONDS)
    answers = [Answer.read(line) for line in output.read_text().splitlines()]
    return answers, course.moves


@contextmanager
def client(root: Arena, kind: Kind, output: Path) -> Iterator[None]:
    """Run the load client beside a block; its output is there afterwards.

    Raises:
        BenchmarkError: it ended before the block did, or not well.
    """
    command = [sys.executable, "-m", "benchmarks.client", "--kind", kind, "--output", str(output)]
    command += ["--port", str(root.port), "--host", root.host(APP)]
    command += ["--rate", str(RATE), "--slow-every", str(SLOW_EVERY)]
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=dict(root.tools.environment),
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield
        if process.poll() is not None:
            raise BenchmarkError("The load ended before the course did, at its own limits.")
    except BaseException:
        process.kill()
        raise
    finally:
        process.communicate(timeout=60)
    if process.returncode:
        raise BenchmarkError(f"The load client ended with code {process.returncode}.")


def evaluate(
    found: dict[Kind, tuple[list[Answer], list[Move]]], *, loads: tuple[float, float]
) -> Result:
    """Return the counts and figures of both kinds of client; pure."""
    measures: list[Measure] = []
    counts: list[Count] = []
    remarks: list[str] = []
    detail: dict[str, object] = {"load_average": list(loads)}
    for kind, (answers, moves) in found.items():
        sums = account(answers, moves)
        counts += [
            Count(what=f"{kind}: requests", value=sums.total),
            Count(what=f"{kind}: of them slow", value=sums.slow),
            Count(what=f"{kind}: failed", value=len(sums.failed), must=0),
            Count(what=f"{kind}: stale after a command returned", value=len(sums.stale), must=0),
            Count(what=f"{kind}: foreign during a command", value=len(sums.foreign), must=0),
            Count(what=f"{kind}: least slow ones met by a command", value=min(sums.in_flight)),
        ]
        if kind == "keep-alive":
            counts.append(Count(what=f"{kind}: asked again", value=len(sums.again)))
        names = ("p50", "p99", "slowest")
        for name, seconds in zip(names, quick_percentiles(answers), strict=True):
            samples = Samples((seconds,)).times(1000)
            measures.append(
                Measure(what=f"{kind}: {name} of the quick", unit="ms", samples=samples)
            )
        seconds = max(a.ended for a in answers) - min(a.began for a in answers)
        rate = sums.total / seconds
        remarks.append(f"{kind}: {rate:.0f} requests a second for {seconds:.0f} s")
        remarks += [f"{kind}: {text}" for text in complaints(sums, moves)]
        detail[kind] = _for_json(sums, moves)
    return Result(
        part="load",
        conditions=(
            (
                f"{RATE} requests a second to examples/probe by the clock, from its own process, "
                f"through {_course_text()}; every {SLOW_EVERY}th request takes 2 s."
            ),
            (
                "new: every request on a connection of its own. keep-alive: connections are kept "
                "and used again unless the server has closed them. One that it closes while a "
                "request is on its way costs a second try on a new one (RFC 9110, section 9.2.2): "
                '"asked again", which a client that tries nothing twice would have lost.'
            ),
            "Failed: no connection, cut off, not status 200, not whole, or nothing in 30 s.",
            "Stale: begun after a command returned, answered by another version than it left.",
            f"Load average {loads[0]:.1f} before, {loads[1]:.1f} after.",
        ),
        measures=measures,
        counts=counts,
        remarks=remarks,
        detail=detail,
    )


def complaints(sums: Account, moves: list[Move]) -> list[str]:
    """Return a line for each reason of failure, and for the first answers that are wrong."""
    lines = [f"{number} x {reason}" for reason, number in sums.reasons.items()]
    wrong = [("failed", a) for a in sums.failed]
    wrong += [("stale", a) for a in sums.stale] + [("foreign", a) for a in sums.foreign]
    for kind, answer in wrong[:SHOWN]:
        lines.append(f"{kind}: {answer.failure or answer.text.strip()}, {_when(answer, moves)}")
    return lines


def _when(answer: Answer, moves: list[Move]) -> str:
    last = max((m for m in moves if m.began <= answer.began), key=lambda m: m.began, default=None)
    if last is None:
        return "before everything"
    since = answer.began - last.began
    state = "under way" if last.returned > answer.began else "that had returned"
    return f"begun {since:.3f} s after the start of a {last.what} {state}"


def _course_text() -> str:
    names = {"push": "redeploys", "rollback": "rollbacks", "scale": "scalings"}
    names["fail"] = "failing deploys (one never starts, one dies on probation)"
    counted = {what: sum(step[0] == what for step in COURSE) for what in names}
    return ", ".join(f"{number} {names[what]}" for what, number in counted.items())


def _for_json(sums: Account, moves: list[Move]) -> dict[str, object]:
    start = moves[0].returned
    return {
        "reasons": sums.reasons,
        "failures": [
            {"at": a.began - start, "seconds": a.seconds, "slow": a.slow, "reason": a.failure}
            for a in sums.failed
        ],
        "stale": [{"at": a.began - start, "text": a.text} for a in sums.stale],
        "foreign": [{"at": a.began - start, "text": a.text} for a in sums.foreign],
        "moves": [
            {"what": m.what, "at": m.began - start, "seconds": m.returned - m.began}
            for m in moves[1:]
        ],
        "in_flight": list(sums.in_flight),
    }
