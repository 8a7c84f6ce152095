"""How fast a site of files is served, against a bare nginx on the same files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.arena import Arena, arena
from benchmarks.checkout import Checkout
from benchmarks.results import Count, Measure, Result
from benchmarks.samples import Samples
from benchmarks.tools import BenchmarkError, Tools, load_average, say
from dokkupy.testing.client import free_port, get
from dokkupy.testing.patience import eventually

RUNS: Final = 15
SECONDS: Final = 1
"""Of one measurement."""
CONNECTIONS: Final = 32
APP: Final = "site"
LEAST: Final = 0.95
"""Requests a second, as a multiple of those of the bare nginx."""
FILES: Final = {"/": 0, "/large.bin": 64 * 1024}
"""Path -> size in bytes of what is made for it; the start page is the example's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one turn came to."""

    rate: float
    """Requests a second."""
    processor: float
    """Seconds of processor time that nginx took for each request."""
    failed: int


def measure(tools: Tools, runs: int | None) -> Result:
    """Ask both for each file in turn, the order reversed in every other round."""
    wrk, nginx = _program("wrk"), _program("nginx")
    load_before, count = load_average(), runs or RUNS
    found: dict[tuple[str, str], list[Asked]] = {}
    with arena(tools) as root:
        folder = _deployed(root)
        with _bare(nginx, root.folder / "bare", folder, _workers(root)) as (port, master):
            ours = int((root.root / "proxy" / "nginx.pid").read_text())
            ways = {"bare": (port, master), "dokkupy": (root.port, ours)}
            for number in range(-1, count):  # the first fills caches
                for path in FILES:
                    for way in ways if number % 2 else reversed(ways):
                        asked = _ask(wrk, *ways[way], root.host(APP), path)
                        if number >= 0:
                            found.setdefault((way, path), []).append(asked)
                say(f"static: round {number + 1} of {count}")
    return evaluate(found, loads=(load_before, load_average()))


def evaluate(
    found: Mapping[tuple[str, str], Sequence[Asked]], *, loads: tuple[float, float]
) -> Result:
    """Return what requests take both ways, and the ratios; pure."""
    measures = []
    for path in FILES:
        for what, value in (("time", _seconds), ("processor time", _processor)):
            bare, ours = (
                Samples(tuple(map(value, found[way, path]))).times(1e6)
                for way in ("bare", "dokkupy")
            )
            name = f"{path}: {what} of 1,000 requests"
            measures += [
                Measure(what=f"{name}, bare nginx", unit="ms", samples=bare),
                Measure(what=f"{name}, dokkupy", unit="ms", samples=ours),
                Measure(
                    what=f"{name}, dokkupy / bare",
                    unit="x",
                    samples=ours.over(bare),
                    limit=round(1 / LEAST, 3),
                ),
            ]
    failed = sum(one.failed for (way, _), all_ in found.items() if way == "dokkupy" for one in all_)
    return Result(
        part="static",
        conditions=(
            f"wrk with {CONNECTIONS} connections, {SECONDS} s each time, both ways in turn.",
            "Bare: an nginx of its own on the same folder: as many workers, sendfile, no log.",
            f"At least {LEAST} x the requests a second means at most {1 / LEAST:.3f} x the time.",
            f"Load average {loads[0]:.1f} before, {loads[1]:.1f} after.",
        ),
        measures=measures,
        counts=[Count(what="failed requests through dokkupy", value=failed, must=0)],
        detail={"load_average": list(loads)},
    )


def _deployed(root: Arena) -> Path:
    """Deploy the example with a larger file and return the folder that it is served from."""
    root.run("apps", "create", APP)
    tree = Checkout(root.tools, root.folder / "tree", "static")
    (tree.folder / "large.bin").write_bytes(bytes(range(256)) * (FILES["/large.bin"] // 256))
    tree.commit()
    pushed = tree.push(root.ask("git", "remote", APP)["path"])
    if not pushed.accepted:
        raise BenchmarkError(f"The site was not deployed: {pushed.output}")
    [folder] = [path for path in (root.root / "sites").iterdir() if path.is_dir()]
    return folder


def _workers(root: Arena) -> int:
    main = root.root / "proxy" / "conf" / "current.conf"
    found = re.search(r"worker_processes (\d+);", main.read_text())
    return int(found[1]) if found else 1


@contextmanager
def _bare(nginx: str, folder: Path, site: Path, workers: int) -> Iterator[tuple[int, int]]:
    """Run an nginx on the files of a site as anybody would; give its port and process id."""
    folder.mkdir()
    port = free_port()
    temporary = "".join(
        f"{name}_temp_path temp_{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"daemon off;\nworker_processes {workers};\npid nginx.pid;\nerror_log error.log;\n"
        f"{user}\nevents {{ worker_connections 1024; }}\nhttp {{\n{temporary}"
        "types { text/html html; text/css css; application/octet-stream bin; }\n"
        "sendfile on; tcp_nopush on; gzip on; access_log off;\n"
        f"server {{ listen 127.0.0.1:{port}; root {site}; index index.html; }}\n}}\n"
    )
    command = [nginx, "-p", f"{folder}/", "-c", "nginx.conf", "-e", "error.log"]
    # In a session of its own, as the other is: on a busy machine each gets a share.
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        eventually(lambda: _answers(port))
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    try:
        return get(port, "bare.test").status == 200
    except OSError:  # it does not listen yet
        return False


def _ask(wrk: str, port: int, master: int, host: str, path: str) -> Asked:
    """Load one path."""
    before = _spent(master)
    done = subprocess.run(
        [
            *(wrk, "--threads", "1", "--connections", str(CONNECTIONS)),
            *("--duration", f"{SECONDS}s", "--header", f"Host: {host}"),
            f"http://127.0.0.1:{port}{path}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    spent = _spent(master) - before
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    number = re.search(r"(\d+) requests in", done.stdout)
    if rate is None or number is None or not int(number[1]):
        raise BenchmarkError(f"wrk measured nothing: {done.stdout}{done.stderr}")
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    lost = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", done.stdout)
    failed = int(wrong[1] if wrong else 0) + sum(map(int, lost.groups() if lost else ()))
    return Asked(rate=float(rate[1]), processor=spent / int(number[1]), failed=failed)


def _spent(master: int) -> float:
    """Return the seconds of processor time that the workers of an nginx have taken."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    ticks = 0
    for child in children:
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _seconds(asked: Asked) -> float:
    return 1 / asked.rate


def _processor(asked: Asked) -> float:
    return asked.processor


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if found is None:
        raise BenchmarkError(f"There is no {name} on this machine: apt-get install {name}")
    return found
