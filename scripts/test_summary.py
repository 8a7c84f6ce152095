"""Add up what the tox environments reported: `test_summary.py RESULTS ENV…`.

An environment that failed without a failing test (a linter, an installation, a run that was
stopped) counts as one failure; one that left no report did not run and counts as one too.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET


def succeeded(results: Path) -> dict[str, bool]:
    """Return what tox itself says of each environment that it ran."""
    outcome: dict[str, bool] = {}
    for report in results.glob("*.json"):
        for env, told in json.loads(report.read_text()).get("testenvs", {}).items():
            if "result" in told:
                outcome[env] = bool(told["result"]["success"])
    return outcome


def counts(report: Path) -> Counter[str]:
    """Return the number of passed, failed and skipped tests of a JUnit report."""
    total: Counter[str] = Counter()
    if not report.exists():
        return total
    for suite in ET.parse(report).iter("testsuite"):  # noqa: S314 our own file
        tests, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        total.update(passed=tests - skipped - failed, failed=failed, skipped=skipped)
    return total


def main(results: Path, envs: list[str]) -> int:
    """Print a line per environment and the sum; return the exit code."""
    outcome = succeeded(results)
    total: Counter[str] = Counter()
    for env in envs:
        count = counts(results / f"{env}.xml")
        good = outcome.get(env, False)
        if not good and not count["failed"]:
            count["failed"] += 1
        if good and not count:
            count["passed"] += 1
        total += count
        word = "ok" if good else "FAILED" if env in outcome else "DID NOT FINISH"
        print(
            f"   {env:28} {word:15} {count['passed']:5} passed, {count['failed']} failed, "
            f"{count['skipped']} skipped"
        )
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
