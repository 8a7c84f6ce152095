"""How long a push takes to be answered, against plain `docker build` and `docker run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks.arena import Arena, arena
from benchmarks.checkout import Checkout
from benchmarks.first_answer import POLL_SECONDS, FirstAnswer
from benchmarks.floor import plain_docker
from benchmarks.results import Measure, Result
from benchmarks.samples import Samples
from benchmarks.ssh_access import ssh_access
from benchmarks.tools import BenchmarkError, Tools, load_average, say

RUNS = 10
APP = "hello"
BEFORE_ANSWER = ("build", "release task", "stage", "check", "switch")
"""Steps of the ledger that end before the new version answers; the last one a moment after."""
LIMIT, AIM = 3.0, 2.2
"""Of a push by path, in floors."""
SSH_LIMIT = 1.6
"""Seconds of a push by ssh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushTimes:
    """One push, in seconds from its beginning."""

    answered: float
    """Until the first answer of the new version through the proxy."""
    returned: float
    """Until `git push` came back."""
    steps: Mapping[str, float]
    """What the ledger says of each step."""

    @property
    def outside(self) -> float:
        """What lies before the answer and outside of every step."""
        return self.answered - sum(self.steps.get(name, 0.0) for name in BEFORE_ANSWER)


@dataclass(slots=True)
class Rounds:
    """Everything that was measured, a value each per round."""

    floors: dict[str, list[float]] = field(default_factory=dict)
    pushes: dict[str, list[PushTimes]] = field(default_factory=dict)


def measure(tools: Tools, runs: int | None) -> Result:
    """Push and build by hand in turn, the order reversed in every other round."""
    count = runs or RUNS
    load_before = load_average()
    with ExitStack() as stack:
        root = stack.enter_context(arena(tools))
        root.run("stack", "ensure", "python")
        root.run("apps", "create", APP)
        checkout = Checkout(tools, root.folder / "checkout", APP)
        access = stack.enter_context(ssh_access(root))
        where = root.ask("git", "remote", APP)
        deploys: dict[str, Callable[[str], float | PushTimes]] = {}
        for name, buildkit in (("classic", False), ("BuildKit", True)):
            if not buildkit or tools.docker_buildkit:
                plain = plain_docker(tools, root.folder, APP, token=root.id, buildkit=buildkit)
                deploys[name] = stack.enter_context(plain).deploy
        deploys["path"] = by_push(root, checkout, where["path"])
        deploys["ssh"] = by_push(root, checkout, where["ssh"], access)
        rounds = Rounds()
        for number in range(-1, count):  # the first round fills caches and does not count
            names = list(deploys) if number % 2 else list(reversed(deploys))
            for name in names:
                took = deploys[name](f"{number + 1}-{name}")
                if number >= 0 and isinstance(took, float):
                    rounds.floors.setdefault(name, []).append(took)
                elif number >= 0 and isinstance(took, PushTimes):
                    rounds.pushes.setdefault(name, []).append(took)
            say(f"push: round {number + 1} of {count}")
        probation = float(str(_setting(root, "probation")))
    return evaluate(rounds, probation=probation, loads=(load_before, load_average()))


def by_push(
    root: Arena, checkout: Checkout, remote: str, env: Mapping[str, str] | None = None
) -> Callable[[str], PushTimes]:
    """Return what pushes one version and times it."""

    def deploy(version: str) -> PushTimes:
        checkout.change(version)
        with FirstAnswer(root.port, root.host(APP), f"version {version}\n") as first:
            pushed = checkout.push(remote, env)
            if not pushed.accepted:
                raise BenchmarkError(f"The push was refused:\n{pushed.output}")
            answered = first.came()
        return PushTimes(
            answered=answered - pushed.began,
            returned=pushed.returned - pushed.began,
            steps=_steps(root),
        )

    return deploy


def _steps(root: Arena) -> dict[str, float]:
    newest = root.ask("releases", "list", APP)[0]["number"]
    shown = root.ask("releases", "show", APP, str(newest))
    return {step["name"]: step["seconds"] for step in shown["steps"]}


def _setting(root: Arena, name: str) -> object:
    rows = root.ask("checks", "report", APP)
    return next(row["value"] for row in rows if row["key"] == name)


def evaluate(rounds: Rounds, *, probation: float, loads: tuple[float, float]) -> Result:
    """Return the figures of all rounds; pure."""
    floors = {name: Samples(tuple(values)) for name, values in rounds.floors.items()}
    fastest = min(floors, key=lambda name: floors[name].median)
    answered = {
        name: Samples(tuple(push.answered for push in pushes))
        for name, pushes in rounds.pushes.items()
    }
    rows = [
        Measure(what=f"floor: docker build ({name}) + run + first 200", unit="s", samples=floor)
        for name, floor in floors.items()
    ]
    for name, samples in answered.items():
        pushes = rounds.pushes[name]
        by_path = name == "path"
        rows += [
            Measure(
                what=f"push by {name} -> first answer",
                unit="s",
                samples=samples,
                limit=None if by_path else SSH_LIMIT,
            ),
            Measure(
                what=f"  over the {fastest} floor, round by round",
                unit="x",
                samples=samples.over(floors[fastest]),
                limit=LIMIT if by_path else None,
                aim=AIM if by_path else None,
            ),
            Measure(
                what=f"push by {name} -> git push returns",
                unit="s",
                samples=Samples(tuple(push.returned for push in pushes)),
            ),
        ]
    return Result(
        part="push",
        conditions=(
            (
                "A one-line change to examples/hello (a Dockerfile on dokkupy's Python base image),"
                " committed before the clock starts."
            ),
            (
                "Until the first whole answer of the new version; asked every "
                f"{POLL_SECONDS * 1000:g} ms on new connections from a second thread, through the"
                " proxy or, for the floor, at the published port."
            ),
            (
                f"Floors and pushes alternate; ratios are of the same round, against {fastest},"
                " the faster builder."
            ),
            (
                f"`git push` returns after a probation of {probation:g} s and after the old "
                "container is gone; the new version answers long before."
            ),
            f"Load average {loads[0]:.1f} before, {loads[1]:.1f} after.",
        ),
        measures=(*rows, *_breakdown(rounds)),
        detail={"fastest_floor": fastest, "probation": probation, "load_average": list(loads)},
    )


def _breakdown(rounds: Rounds) -> list[Measure]:
    """Return where the time of a push goes, by the ledger's own step times."""
    rows = []
    for name, pushes in rounds.pushes.items():
        steps = list(dict.fromkeys(step for push in pushes for step in push.steps))
        for step in steps:
            values = tuple(push.steps.get(step, 0.0) for push in pushes)
            rows.append(Measure(what=f"  {name}: step {step}", unit="s", samples=Samples(values)))
            if step == BEFORE_ANSWER[-1]:
                outside = Samples(tuple(push.outside for push in pushes))
                what = f"  {name}: outside of the steps until the answer"
                rows.append(Measure(what=what, unit="s", samples=outside))
    return rows
