"""`python -m benchmarks [PART …]`: measure, print tables, keep JSON."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

from benchmarks import (
    beside,
    buildpacks,
    listing,
    load,
    plugins,
    push,
    restore,
    services,
    slope,
    static,
)
from benchmarks.results import Result, table
from benchmarks.tools import BenchmarkError, Tools, load_average, say

PARTS: Final[dict[str, Callable[[Tools, int | None], Result]]] = {
    "push": push.measure,
    "list": listing.measure,
    "load": load.measure,
    "slope": slope.measure,
    "restore": restore.measure,
    "buildpacks": buildpacks.measure,
    "services": services.measure,
    "plugins": plugins.measure,
    "static": static.measure,
    "beside": beside.measure,
}


def main() -> int:
    """Run the parts that were asked for.

    The code is 1 when a count is not what it must be (a request failed): figures that are merely
    slow are for people to judge.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all of them")
    parser.add_argument("--runs", type=int, help="rounds of all parts but load")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything here too")
    given = parser.parse_args()
    if unknown := [part for part in given.parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    if given.runs is not None and given.runs < 1:
        parser.error("--runs must be at least 1")
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupted)
    try:
        return measure(given.parts or list(PARTS), given.runs, given.json)
    except BenchmarkError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Interrupted; what was made for the benchmark is gone.")
        return 130


def measure(parts: Sequence[str], runs: int | None, file: Path | None) -> int:
    """Run the named parts, print each as soon as it is there, write the file at the end."""
    tools = Tools.find()
    began = time.time()
    machine = tools.describe() | {"load_average": load_average()}
    print(", ".join(f"{key} {value}" for key, value in machine.items() if value))
    results = []
    for part in parts:
        result = PARTS[part](tools, runs)
        results.append(result)
        print(f"\n{table(result)}", flush=True)
    if file is not None:
        found = {
            "began": began,
            "seconds": time.time() - began,
            "machine": machine,
            "parts": [result.as_dict() for result in results],
        }
        file.write_text(json.dumps(found, indent=2) + "\n")
    return 0 if all(result.met for result in results) else 1


def _interrupted(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
