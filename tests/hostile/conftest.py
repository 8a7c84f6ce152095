"""The profiles, the guard, and the world that hostile input meets."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from dokkupy import check

from .budget import counted, register_profiles
from .commands import index_for
from .seal import Seal
from .world import World

register_profiles()


@pytest.fixture(scope="session")
def seal() -> Seal:
    """Give the guard; an audit hook stays as long as the process."""
    return Seal()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a root on which every operation of the process works."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("hostile")
        patch.chdir(folder)
        patch.setattr(sys, "dont_write_bytecode", True)
        patch.setattr(check, "LOOK_EVERY_SECONDS", 0.01)
        for variable in [name for name in os.environ if name.startswith("DOKKUPY_")]:
            patch.delenv(variable)
        world = World(folder)
        patch.setattr("dokkupy.platform.Platform", world.platform)
        patch.setattr("dokkupy.jobs.run", world.run_job)
        for module in ("dokkupy.cli.main", "dokkupy.hooks"):
            patch.setattr(f"{module}.current", lambda _, chosen: index_for(chosen))
        yield world
        world.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Note with each test how many cases it was given."""
    before = counted.total()
    try:
        return (yield)
    finally:
        item.user_properties.append(("cases", counted.total() - before))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many cases there were in all."""
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
    ]
    given = [dict(report.user_properties).get("cases", 0) for report in reports]
    terminalreporter.write_line(f"{sum(given)} hostile cases in {len(given)} tests")
