"""What `dokkupy up` costs after a reboot, against starting the same containers by hand."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.arena import Arena, arena
from benchmarks.results import Measure, Result
from benchmarks.samples import Samples
from benchmarks.slope import populate
from benchmarks.tools import BenchmarkError, Tools, load_average, say

RUNS = 5
APPS = 20
LIMIT = 1.3
"""What a restore may take at most, as a multiple of the plain start."""


def measure(tools: Tools, runs: int | None) -> Result:
    """Deploy twenty apps; stop them and bring them back in both ways, in turn."""
    load_before = load_average()
    plain: list[float] = []
    restored: list[float] = []
    with arena(tools) as root:
        populate(root, APPS)
        containers = _containers(root)
        ways = [(_start_plainly, plain), (_restore, restored)]
        for number in range(runs or RUNS):
            for way, times in ways if number % 2 else reversed(ways):
                _stop(root, containers)
                began = time.monotonic()
                way(root, containers)
                times.append(time.monotonic() - began)
                _require_running(root, containers)
            say(f"restore: round {number + 1} of {runs or RUNS}")
    return evaluate(plain, restored, loads=(load_before, load_average()))


def evaluate(plain: list[float], restored: list[float], *, loads: tuple[float, float]) -> Result:
    """Return the times of both ways and their ratio; pure."""
    floor, ours = Samples(tuple(plain)), Samples(tuple(restored))
    return Result(
        part="restore",
        conditions=(
            f"{APPS} deployed apps of one container each, all stopped, and the proxy too.",
            "Plain: one `docker start` for each container, all at once.",
            "Restore: `dokkupy up`, which starts the proxy too and returns when it serves.",
            f"Load average {loads[0]:.1f} before, {loads[1]:.1f} after.",
        ),
        measures=[
            Measure(what="plain start", unit="s", samples=floor),
            Measure(what="restore", unit="s", samples=ours),
            Measure(what="restore / plain start", unit="x", samples=ours.over(floor), limit=LIMIT),
        ],
        detail={"load_average": list(loads)},
    )


def _containers(root: Arena) -> list[str]:
    command = [root.tools.docker, "ps", "--quiet", f"--filter=label=dokkupy.root={root.id}"]
    return root.tools.run(command, cwd=root.folder).split()


def _stop(root: Arena, containers: list[str]) -> None:
    root.run("down")
    # One that `down` found still starting would count as started.
    root.tools.run([root.tools.docker, "stop", "--time=2", *containers], cwd=root.folder)


def _start_plainly(root: Arena, containers: list[str]) -> None:
    def start(container: str) -> None:
        subprocess.run([root.tools.docker, "start", container], capture_output=True, check=True)

    with ThreadPoolExecutor(len(containers)) as pool:
        list(pool.map(start, containers))


def _restore(root: Arena, _containers: list[str]) -> None:
    root.run("up")


def _require_running(root: Arena, containers: list[str]) -> None:
    if sorted(_containers(root)) != sorted(containers):
        raise BenchmarkError("Not every container came back.")
