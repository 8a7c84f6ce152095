"""The plugin's contract finds what is wrong with every broken plugin, and nothing else."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from dokkupy.testing import capability
from dokkupy.testing.capability import Capability, capabilities_of
from dokkupy.testing.suites import PluginContract

sys.path.append(str(Path(__file__).parents[2]))
from tests.mutants import healthy
from tests.mutants.plugins import MUTANTS, Mutant

Verdict = Callable[[Mapping[str, tuple[str, str]]], list[Capability]]


@pytest.fixture
def verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Verdict]:
    """Give what installs a plugin with edits and holds it to the contract."""
    site = tmp_path / "site"

    def run(edits: Mapping[str, tuple[str, str]]) -> list[Capability]:
        healthy.install(site, edits)
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), *sys.path[1:]]))
        monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
        report = tmp_path / "report.jsonl"
        pytest.main(
            [
                str(site / "test_contract.py"),
                *("-c", os.devnull, f"--rootdir={site}", "--import-mode=importlib"),
                *("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:timeout"),
                *("-p", "no:faulthandler", "-q", f"--basetemp={tmp_path / 'nested'}"),
                f"--dokkupy-capabilities={report}",
            ]
        )
        return capability.read(report)

    yield run
    for name in list(sys.modules):
        if name.partition(".")[0] in ("dokkupy_probe", "dokkupy_mate", "test_contract"):
            del sys.modules[name]
    importlib.invalidate_caches()


def failed(found: list[Capability]) -> dict[str, str]:
    return {one.capability: one.reason for one in found if one.outcome == "failed"}


@pytest.mark.slow
def test_a_healthy_plugin_has_every_capability(verdict: Verdict) -> None:
    found = verdict({})
    assert {one.capability for one in found} == set(capabilities_of(PluginContract))
    assert [one for one in found if one.outcome != "passed"] == []


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.capability)
def test_a_broken_plugin_fails_in_what_is_broken_alone(verdict: Verdict, mutant: Mutant) -> None:
    assert failed(verdict(mutant.edits)).keys() == {mutant.capability}


def test_every_capability_has_a_plugin_that_lacks_it() -> None:
    assert [mutant.capability for mutant in MUTANTS if mutant.capability] != []
    assert {mutant.capability for mutant in MUTANTS} == set(capabilities_of(PluginContract))
