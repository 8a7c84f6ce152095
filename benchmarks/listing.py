"""How long `dokkupy apps list` takes, against a bare Python and a bare Typer command."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.arena import arena
from benchmarks.results import Measure, Result
from benchmarks.samples import Samples
from benchmarks.tools import REPOSITORY, BenchmarkError, Tools, load_average, say

RUNS = 30
LIMIT_MS, AIM_MS = 110.0, 90.0

ONE_COMMAND = """\
import typer


def hello():
    print("hello")


typer.run(hello)
"""


def measure(tools: Tools, runs: int | None) -> Result:
    """Time the three commands in turn, the order reversed in every other round."""
    count = runs or RUNS
    load_before = load_average()
    with arena(tools) as root:
        plugins = enabled_plugins(root.ask("plugin", "list"))
        root.run("apps", "create", "hello")
        script = root.folder / "one_command.py"
        script.write_text(ONE_COMMAND)
        commands: dict[str, Sequence[str]] = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "a bare Typer command": [sys.executable, str(script)],
            "dokkupy apps list": root.command("apps", "list"),
        }
        times: dict[str, list[Spent]] = {name: [] for name in commands}
        for number in range(-2, count):  # the first two write bytecode and fill caches
            names = list(commands) if number % 2 else list(reversed(commands))
            for name in names:
                spent = time_command(commands[name], root.folder, tools.environment)
                if number >= 0:
                    times[name].append(spent)
    say(f"list: {count} rounds")
    return evaluate(times, plugins=plugins, loads=(load_before, load_average()))


def enabled_plugins(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the names of the plugins that take part.

    Raises:
        BenchmarkError: one of the bundled ones does not, so that the figure would be too good.
    """
    enabled = [row["name"] for row in rows if row["state"] == "enabled"]
    bundled = {path.parent.name for path in (REPOSITORY / "plugins").glob("*/pyproject.toml")}
    if missing := bundled - set(enabled):
        raise BenchmarkError(f"Bundled plugins are not installed: {', '.join(sorted(missing))}")
    return enabled


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one process took, in seconds."""

    seconds: float
    """From its start to its end."""
    processor: float
    """Of it, what it really ran; others on the machine hardly show in it."""


def time_command(command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Spent:
    """Run a command and return what it took."""
    before = _of_children()
    began = time.perf_counter()
    done = subprocess.run(
        list(command),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    seconds = time.perf_counter() - began
    processor = _of_children() - before
    if done.returncode:
        raise BenchmarkError(f"`{' '.join(command)}` failed: {done.stderr.decode()}")
    return Spent(seconds=seconds, processor=processor)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def evaluate(
    times: Mapping[str, Sequence[Spent]], *, plugins: Sequence[str], loads: tuple[float, float]
) -> Result:
    """Return the figures of all rounds; pure."""
    walls = {n: Samples(tuple(one.seconds for one in spent)) for n, spent in times.items()}
    processors = {n: Samples(tuple(one.processor for one in spent)) for n, spent in times.items()}
    bare, typer, ours = times
    rows = [
        Measure(
            what=name,
            unit="ms",
            samples=found.times(1000),
            limit=LIMIT_MS if name == ours else None,
            aim=AIM_MS if name == ours else None,
        )
        for name, found in walls.items()
    ]
    rows += [
        Measure(what=f"  processor time of {name}", unit="ms", samples=found.times(1000))
        for name, found in processors.items()
    ]
    rows += [
        Measure(what=f"{ours} over {floor}", unit="x", samples=walls[ours].over(walls[floor]))
        for floor in (bare, typer)
    ]
    return Result(
        part="list",
        conditions=(
            f"{len(plugins)} plugins enabled: {', '.join(plugins)}; one app; bytecode compiled.",
            "Whole processes, the three commands in turn; ratios are of the same round.",
            f"Load average {loads[0]:.1f} before, {loads[1]:.1f} after.",
        ),
        measures=rows,
        detail={"plugins": list(plugins), "load_average": list(loads)},
    )
