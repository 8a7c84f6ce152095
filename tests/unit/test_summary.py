"""The last words of ./test: they must not say more than what happened."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "test_summary.py"


def report(results: Path, run: str, outcome: dict[str, bool | None]) -> None:
    """Write what tox writes of one run: None is an environment that it knows and did not run."""
    envs = {
        env: {} if success is None else {"result": {"success": success}}
        for env, success in outcome.items()
    }
    (results / f"{run}.json").write_text(json.dumps({"testenvs": envs}))


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
    report(tmp_path, "alone", {"unit": None, "e2e": True})
    report(tmp_path, "together", {"unit": True, "lint": True, "e2e": None})
    junit(tmp_path, "unit", tests=5, failures=0, errors=0, skipped=1)
    junit(tmp_path, "e2e", tests=2, failures=0, errors=0, skipped=0)
    assert summary(tmp_path, "unit", "lint", "e2e") == (0, "7 passed, 0 failed, 1 skipped")


def test_failures_and_errors_are_failed_tests(tmp_path: Path) -> None:
    report(tmp_path, "together", {"unit": False})
    junit(tmp_path, "unit", tests=5, failures=1, errors=1, skipped=0)
    assert summary(tmp_path, "unit") == (1, "3 passed, 2 failed, 0 skipped")


@pytest.mark.parametrize("outcome", [False, None], ids=["fails", "was not run"])
@pytest.mark.parametrize("reported", [True, False])
def test_an_environment_that_did_not_pass_counts_as_failed_whatever_its_tests_say(
    tmp_path: Path, outcome: bool | None, reported: bool
) -> None:
    report(tmp_path, "e2e", {"e2e": outcome})
    if reported:
        junit(tmp_path, "e2e", tests=4, failures=0, errors=0, skipped=0)
    code, line = summary(tmp_path, "e2e")
    assert (code, line) == (1, f"{4 * reported} passed, 1 failed, 0 skipped")
