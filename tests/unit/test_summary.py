"""The last words of ./test: they must not say more than what happened."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "test_summary.py"


def report(results: Path, env: str, *codes: int) -> None:
    """Write what tox writes of an environment whose commands ended with `codes`."""
    steps = [{"retcode": code} for code in codes]
    (results / f"{env}.json").write_text(json.dumps({"testenvs": {env: {"test": steps}}}))


def junit(results: Path, env: str, **counts: int) -> None:
    """Write what pytest writes."""
    attributes = " ".join(f'{key}="{value}"' for key, value in counts.items())
    (results / f"{env}.xml").write_text(f"<testsuites><testsuite {attributes}/></testsuites>")


def summary(results: Path, *envs: str) -> tuple[int, str]:
    """Return the exit code and the last line."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(results), *envs],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()[-1]


def test_all_passed(tmp_path: Path) -> None:
    report(tmp_path, "unit", 0)
    junit(tmp_path, "unit", tests=5, failures=0, errors=0, skipped=1)
    report(tmp_path, "lint", 0, 0)
    assert summary(tmp_path, "unit", "lint") == (0, "5 passed, 0 failed, 1 skipped")


def test_failures_and_errors_are_failed_tests(tmp_path: Path) -> None:
    report(tmp_path, "unit", 1)
    junit(tmp_path, "unit", tests=5, failures=1, errors=1, skipped=0)
    assert summary(tmp_path, "unit") == (1, "3 passed, 2 failed, 0 skipped")


@pytest.mark.parametrize(
    ("codes", "ran"), [((0, 1), True), ((), True), ((), False)], ids=["fails", "cut", "missing"]
)
def test_an_environment_that_failed_without_a_failing_test_counts_as_one(
    tmp_path: Path, codes: tuple[int, ...], ran: bool
) -> None:
    if ran:
        report(tmp_path, "e2e", *codes)
        junit(tmp_path, "e2e", tests=4, failures=0, errors=0, skipped=0)
    code, line = summary(tmp_path, "e2e")
    assert (code, line.partition(", ")[2]) == (1, "1 failed, 0 skipped")
