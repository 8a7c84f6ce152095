"""What a MySQL service costs against its image run, dumped and filled by hand."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from benchmarks.arena import Arena, arena
from benchmarks.results import Count, Measure, Result
from benchmarks.samples import Samples
from benchmarks.tools import BenchmarkError, Tools, load_average, say

RUNS: Final = 3
MEGABYTES: Final = 500
ROW_BYTES: Final = 1000
CREATE_LIMIT: Final = 1.2
MOVE_LIMIT: Final = 1.15
MEMORY_LIMIT_KIB: Final = 100 * 1024
SERVICE: Final = "bench"
READY_SECONDS: Final = 120.0

_FILL: Final = (
    "CREATE TABLE filler (id INT PRIMARY KEY, word CHAR(32), body TEXT);"
    " INSERT INTO filler SELECT seq, MD5(seq),"
    " CONCAT(REPEAT(MD5(seq * 7), 15), REPEAT(SHA1(seq), 11)) FROM seq_1_to_{rows};"
)
_numbers = itertools.count(1)


@dataclass(slots=True)
class Times:
    """Seconds of one thing done in both ways, in turn."""

    plain: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)

    def measures(self, what: str, plainly: str, limit: float) -> list[Measure]:
        """Return the rows of a table."""
        floor, ours = Samples(tuple(self.plain)), Samples(tuple(self.ours))
        ratio = ours.over(floor)
        return [
            Measure(what=plainly, unit="s", samples=floor),
            Measure(what=what, unit="s", samples=ours),
            Measure(what=f"{what} / {plainly}", unit="x", samples=ratio, limit=limit),
        ]


def measure(tools: Tools, runs: int | None) -> Result:
    """Create, export and import in both ways, in turn."""
    load_before = load_average()
    create, export, load = Times(), Times(), Times()
    peaks: list[int] = []
    with arena(tools) as root:
        try:
            root.run("mysql", "create", SERVICE)  # has the image made, if it is not there
            image = root.ask("mysql", "info", SERVICE)["image"]
            for number in range(runs or RUNS):
                _in_turn(number, create, lambda: _run(root, image), lambda: _create(root))
            rows = MEGABYTES * 1_000_000 // ROW_BYTES
            _mariadb(root, _FILL.format(rows=rows))
            dump = root.folder / "dump.sql"
            for number in range(runs or RUNS):
                _in_turn(
                    number,
                    export,
                    lambda: _dump(root, root.folder / "plain.sql"),
                    lambda: _export(root, dump, peaks),
                )
            size = dump.stat().st_size
            for number in range(runs or RUNS):
                _in_turn(
                    number, load, lambda: _load(root, dump), lambda: _import(root, dump, peaks)
                )
                root.run("mysql", "clean", SERVICE, "--force")
        finally:
            for service in root.ask("mysql", "list"):
                root.run("mysql", "destroy", service["name"], "--force", "--no-backup")
    return Result(
        part="services",
        conditions=(
            f"MariaDB ({image}), the image there already; a table of {size / 1e6:.0f} MB.",
            "Plain create: `docker run`, then `docker exec` until the client gets an answer.",
            "Plain export and import: the server's own tools through `docker exec`.",
            "An import fills a second server and swaps it in; its start is in the time.",
            f"Load average {load_before:.1f} before, {load_average():.1f} after.",
        ),
        measures=[
            *create.measures("mysql create", "docker run", CREATE_LIMIT),
            *export.measures("mysql export", "mariadb-dump", MOVE_LIMIT),
            *load.measures("mysql import", "mariadb", MOVE_LIMIT),
        ],
        counts=[
            Count(what="most memory of export or import, KiB", value=max(peaks)),
            Count(
                what="exports and imports over 100 MiB of memory",
                value=sum(peak > MEMORY_LIMIT_KIB for peak in peaks),
                must=0,
            ),
        ],
    )


def _in_turn(
    number: int, times: Times, plain: Callable[[], float], ours: Callable[[], float]
) -> None:
    ways = [(plain, times.plain), (ours, times.ours)]
    for way, taken in ways if number % 2 else reversed(ways):
        taken.append(way())
    say(f"services: {times.plain[-1]:.2f} s plainly, {times.ours[-1]:.2f} s by dokkupy")


def _create(root: Arena) -> float:
    name = f"made{next(_numbers)}"
    began = time.monotonic()
    root.run("mysql", "create", name)
    took = time.monotonic() - began
    root.run("mysql", "destroy", name, "--force", "--no-backup")
    return took


def _run(root: Arena, image: str) -> float:
    """Start the same image by hand; a file that every container has is its password."""
    name, docker = f"{root.id}-plain{next(_numbers)}", root.tools.docker
    secret = "/etc/debian_version"  # noqa: S105 - any file with a word in it
    given = {
        "MYSQL_DATABASE": "db",
        "MYSQL_USER": "db",
        "MYSQL_PASSWORD_FILE": secret,
        "MYSQL_ROOT_PASSWORD_FILE": secret,
    }
    ask = f'mariadb -h127.0.0.1 -udb -p"$(cat {secret})" -e "SELECT 1" db'
    began = time.monotonic()
    root.tools.run(
        [
            *(docker, "run", "--detach", f"--name={name}", f"--label=dokkupy.root={root.id}"),
            f"--volume={name}:/var/lib/mysql",
            *(f"--env={key}={value}" for key, value in given.items()),
            image,
        ],
        cwd=root.folder,
    )
    while root.tools.attempt([docker, "exec", name, "sh", "-c", ask], cwd=root.folder).returncode:
        if time.monotonic() - began > READY_SECONDS:
            raise BenchmarkError(f"The container {name} did not get ready.")
        time.sleep(0.05)
    took = time.monotonic() - began
    root.tools.run([docker, "rm", "--force", "--volumes", name], cwd=root.folder)
    root.tools.run([docker, "volume", "rm", name], cwd=root.folder)
    return took


def _admin(root: Arena, program: str) -> list[str]:
    container = root.ask("mysql", "info", SERVICE)["container"]
    options = "--defaults-file=/etc/dokkupy-admin.cnf"
    return [root.tools.docker, "exec", "-i", container, program, options]


def _mariadb(root: Arena, question: str) -> None:
    command = [*_admin(root, "mariadb"), SERVICE]
    subprocess.run(command, input=question.encode(), check=True, capture_output=True)


def _dump(root: Arena, target: Path) -> float:
    flags = ["--single-transaction", "--quick", "--routines", "--triggers", "--events"]
    command = [*_admin(root, "mariadb-dump"), *flags, "--hex-blob", SERVICE]
    with target.open("wb") as file:
        return _timed(command, None, file)[0]


def _export(root: Arena, target: Path, peaks: list[int]) -> float:
    with target.open("wb") as file:
        took, peak = _timed(root.command("mysql", "export", SERVICE), None, file)
    peaks.append(peak)
    return took


def _load(root: Arena, dump: Path) -> float:
    with dump.open("rb") as file:
        return _timed([*_admin(root, "mariadb"), SERVICE], file, None)[0]


def _import(root: Arena, dump: Path, peaks: list[int]) -> float:
    with dump.open("rb") as file:
        took, peak = _timed(root.command("mysql", "import", SERVICE), file, None)
    peaks.append(peak)
    return took


def _timed(
    command: Sequence[str], source: IO[bytes] | None, target: IO[bytes] | None
) -> tuple[float, int]:
    """Run a command between two files; return its seconds and its most memory in KiB."""
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        stdin=source or subprocess.DEVNULL,
        stdout=target or subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchmarkError(f"`{' '.join(command)}` ended with {process.returncode}.")
    return time.monotonic() - began, usage.ru_maxrss
