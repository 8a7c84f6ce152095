"""The suites of all parts find what is wrong with broken ones."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from dokkupy.testing import capability

sys.path.append(str(Path(__file__).parents[2]))
from tests.mutants.parts import MUTANTS, Mutant

ON_THE_ENGINE = [mutant for mutant in MUTANTS if mutant.capability.startswith("service.")]
ON_FAKES = [mutant for mutant in MUTANTS if mutant not in ON_THE_ENGINE]


def outcome(mutant: Mutant, body: str, folder: Path) -> str:
    """Hold a fake to the one test of its contract, with these methods in place of its own."""
    folder.mkdir()
    file, report = folder / "test_broken.py", folder / "report.jsonl"
    file.write_text(mutant.test.replace(mutant.body, body))
    test = "test_" + mutant.capability.partition(".")[2].replace("-", "_")
    pytest.main(
        [
            f"{file}::TestBroken::{test}",
            *("-c", os.devnull, f"--rootdir={folder}", "--import-mode=importlib"),
            *("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:timeout"),
            *("-p", "no:faulthandler", "-q", f"--basetemp={folder / 'nested'}"),
            f"--dokkupy-capabilities={report}",
        ]
    )
    sys.modules.pop("test_broken", None)
    [found] = capability.read(report)
    assert found.capability == mutant.capability
    return found.outcome


@pytest.mark.slow
@pytest.mark.parametrize("mutant", ON_FAKES, ids=lambda mutant: mutant.capability)
def test_a_broken_part_fails_where_a_healthy_one_passes(mutant: Mutant, tmp_path: Path) -> None:
    assert_found(mutant, tmp_path)


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.parametrize("mutant", ON_THE_ENGINE, ids=lambda mutant: mutant.capability)
def test_a_broken_service_fails_where_a_healthy_one_passes(
    mutant: Mutant, tmp_path: Path, test_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOKKUPY_TEST_IMAGE", test_image)
    assert_found(mutant, tmp_path)


def assert_found(mutant: Mutant, folder: Path) -> None:
    assert outcome(mutant, "    pass\n", folder / "healthy") == "passed"
    assert outcome(mutant, mutant.body, folder / "broken") == "failed"
