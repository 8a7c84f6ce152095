"""What plugins cost that take no part: listings with 5 and with 30 of them, and a hook's call."""

from __future__ import annotations

import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

import dokkupy
from benchmarks.listing import Spent, time_command
from benchmarks.results import Measure, Result
from benchmarks.samples import Samples
from benchmarks.tools import Tools, load_average, say
from dokkupy import hookimpl
from dokkupy.names import AppName, HostName
from dokkupy.paths import Paths
from dokkupy.platform import Platform
from dokkupy.store import Store

RUNS: Final = 30
FEW, MANY = 5, 30
LIMIT_RATIO: Final = 1.3
LIMIT_US: Final = 100.0
CALLS: Final = 200
"""Calls of a hook that make one sample."""

PLUGIN: Final = '''"""A plugin of the usual size."""

from dokkupy import hookimpl

PLUGIN_API = ">=1,<2"


@hookimpl
def register_operations():
    return {{"{name}": "dokkupy_{name}.operations"}}


@hookimpl
def vhosts(platform, app):
    return []


@hookimpl
def on_event(platform, event):
    pass
'''
OPERATIONS: Final = '''"""Its operations."""

from dokkupy import operation
from dokkupy.names import AppName


@operation(summary="Show something", reads=True)
def show(platform, app: AppName) -> str:
    """Show something of an app."""
    return app


@operation(summary="Change something")
def change(platform, app: AppName, *, to: str = "") -> None:
    """Change something of an app."""
'''
START: Final = "from dokkupy.cli.main import main; main()"


def measure(tools: Tools, runs: int | None) -> Result:
    """Time listings with few and with many plugins in turn, and calls of a hook."""
    count = runs or RUNS
    load_before = load_average()
    times: dict[tuple[str, int], list[Spent]] = {}
    with tempfile.TemporaryDirectory(prefix="dokkupy-benchmark-") as folder:
        sites = {number: Site(Path(folder, str(number)), number) for number in (FEW, MANY)}
        for turn in range(-2, count):  # the first two write bytecode and the index
            for words in (("plugin", "list"), ("apps", "list")):
                numbers = (FEW, MANY) if turn % 2 else (MANY, FEW)
                for number in numbers:
                    spent = sites[number].time(tools, *words)
                    if turn >= 0:
                        times.setdefault((" ".join(words), number), []).append(spent)
        calls = hook_calls(Path(folder), count)
    say(f"plugins: {count} rounds")
    loads = f"Load average {load_before:.1f} before, {load_average():.1f} after."
    return Result(
        part="plugins",
        conditions=(
            f"{FEW} and {MANY} plugins of two operations and two hooks, and no other.",
            "Whole processes in turn; ratios are of the same round.",
            f"A hook's call: {MANY} implementations; each sample is the middle of {CALLS} calls.",
            loads,
        ),
        measures=[*_rows(times), *calls],
    )


def _rows(times: dict[tuple[str, int], list[Spent]]) -> Iterator[Measure]:
    walls = {key: Samples(tuple(one.seconds for one in spent)) for key, spent in times.items()}
    used = {key: Samples(tuple(one.processor for one in spent)) for key, spent in times.items()}
    for (words, number), samples in walls.items():
        what = f"dokkupy {words}, {number} plugins"
        yield Measure(what=what, unit="ms", samples=samples.times(1000))
    for words in dict.fromkeys(words for words, _ in times):
        for label, found in (("", walls), ("  processor time of ", used)):
            yield Measure(
                what=f"{label}{words}: {MANY} over {FEW} plugins",
                unit="x",
                samples=found[words, MANY].over(found[words, FEW]),
                limit=LIMIT_RATIO,
            )


class Site:
    """A root, and a Python in which exactly so many plugins are installed."""

    def __init__(self, folder: Path, number: int) -> None:
        self.root = folder / "root"
        self.packages = folder / "packages"
        self.packages.mkdir(parents=True)
        places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        for entry in (path for place in places for path in Path(place).iterdir()):
            if not entry.name.startswith(("dokkupy", "_editable", "__editable__")):
                (self.packages / entry.name).symlink_to(entry)
        (self.packages / "dokkupy").symlink_to(Path(dokkupy.__file__).parent)
        for name in (f"sample{place:02}" for place in range(number)):
            package = self.packages / f"dokkupy_{name}"
            info = self.packages / f"dokkupy_plugin_{name}-1.0.dist-info"
            package.mkdir()
            info.mkdir()
            (package / "__init__.py").touch()
            (package / "plugin.py").write_text(PLUGIN.format(name=name))
            (package / "operations.py").write_text(OPERATIONS)
            (info / "METADATA").write_text(
                f"Metadata-Version: 2.1\nName: dokkupy-plugin-{name}\nVersion: 1.0\n"
            )
            (info / "entry_points.txt").write_text(
                f"[dokkupy.plugins]\n{name} = dokkupy_{name}.plugin\n"
            )
        paths = Paths(self.root)
        paths.make()
        Store.create(paths.state_db)

    def time(self, tools: Tools, *words: str) -> Spent:
        """Time one command of a whole process."""
        command = [sys.executable, "-S", "-c", START, "--root", str(self.root), *words]
        env = {key: v for key, v in tools.environment.items() if not key.startswith("DOKKUPY_")}
        env |= {"PYTHONPATH": str(self.packages), "PYTHONDONTWRITEBYTECODE": ""}
        return time_command(command, self.root, env)


def hook_calls(folder: Path, count: int) -> list[Measure]:
    """Time a hook's call with many implementations, and the implementations by themselves."""
    with _platform(folder / "hooks") as platform:
        app = AppName("sample")
        functions = [item.function for item in platform.hooks.implementations("vhosts")]

        def called() -> None:
            platform.hooks.vhosts(app=app)

        def by_hand() -> None:
            for function in functions:
                function(app)

        hook, bare = [], []
        for _ in range(count):
            hook.append(_middle(called))
            bare.append(_middle(by_hand))
    whole, floor = Samples(tuple(hook)), Samples(tuple(bare))
    return [
        Measure(what=f"vhosts, {MANY} implementations", unit="µs", samples=whole),
        Measure(
            what="  less the implementations",
            unit="µs",
            samples=whole.minus(floor),
            limit=LIMIT_US,
        ),
    ]


@contextmanager
def _platform(root: Path) -> Iterator[Platform]:
    paths = Paths(root)
    paths.make()
    Store.create(paths.state_db)
    platform = Platform(root, plugins=[])
    for number in range(MANY):
        module = ModuleType(f"sample{number:02}")
        host = HostName(f"h{number}.test")
        module.__dict__["vhosts"] = hookimpl(_answering(host))
        platform.hooks.add(module.__name__, module)
    yield platform
    platform.close()


def _answering(host: HostName) -> Callable[[AppName], list[HostName]]:
    def vhosts(app: AppName) -> list[HostName]:  # noqa: ARG001 - hooks go by names
        return [host]

    return vhosts


def _middle(act: Callable[[], None]) -> float:
    """Return the middle of many calls, in microseconds."""
    taken = []
    for _ in range(CALLS):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[CALLS // 2] * 1e6
