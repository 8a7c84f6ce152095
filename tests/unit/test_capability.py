"""Contract suites tell what became of each of their capabilities."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dokkupy.errors import PluginError
from dokkupy.testing.capability import Capability, capabilities_of, capability_of, merged
from dokkupy.testing.suites import EngineContract, PluginContract, ProxyTrafficContract
from dokkupy.testing.verify import verify

SUITE = """
import pytest
from dokkupy.testing.capability import Contract

class DoorContract(Contract):
    suite = "door"

    def test_opens(self):
        pass

    def test_shuts(self):
        assert False, "it is stuck"

    def test_locks(self):
        pytest.skip("it has no key")

    @pytest.mark.parametrize("side", [1, 2])
    def test_is_painted(self, side):
        assert side == 1

    def test_rings(self):
        raise AssertionError("never run")

class TestDoor(DoorContract):
    lacks = {LACKS}

    def test_of_our_own(self):
        pass
"""


def run(tmp_path: Path, lacks: str) -> tuple[list[Capability], str]:
    file, report = tmp_path / "test_door.py", tmp_path / "report.jsonl"
    file.write_text(SUITE.replace("{LACKS}", lacks))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null"),
            *(f"--rootdir={tmp_path}", f"--dokkupy-capabilities={report}", file),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = report.read_text().splitlines() if report.exists() else []
    return list(merged(Capability(**json.loads(line)) for line in lines)), done.stdout + done.stderr


def test_each_capability_is_told_with_its_worst_outcome(tmp_path: Path) -> None:
    told, _ = run(tmp_path, '{"door.rings": "it is glass"}')
    assert {one.capability: (one.outcome, one.reason.partition("\n")[0]) for one in told} == {
        "door.opens": ("passed", ""),
        "door.shuts": ("failed", "AssertionError: it is stuck"),
        "door.locks": ("skipped", "it has no key"),
        "door.is-painted": ("failed", "assert 2 == 1"),
        "door.rings": ("skipped", "it is glass"),
    }
    assert told[0].claim == "opens"


@pytest.mark.parametrize("lacks", ['{"door.swings": "no"}', '{"door.rings": " "}'])
def test_what_is_lacking_must_exist_and_have_a_reason(tmp_path: Path, lacks: str) -> None:
    told, said = run(tmp_path, lacks)
    assert told == []
    assert "must be one of its capabilities and have a reason" in said


def test_suites_made_of_parts_have_the_capabilities_of_all() -> None:
    assert "engine.answers-with-its-version" in capabilities_of(EngineContract)
    assert "engine.image-goes-with-its-last-name" in capabilities_of(EngineContract)
    assert "proxy.serves-a-route-by-its-host" in capabilities_of(ProxyTrafficContract)
    assert capability_of(PluginContract, "test_of_our_own") == ""


@pytest.mark.slow
def test_an_installed_plugin_is_verified_capability_by_capability() -> None:
    found = verify("domains")
    assert {one.capability for one in found} == set(capabilities_of(PluginContract))
    assert [one for one in found if one.outcome == "failed"] == []


def test_a_plugin_that_is_not_installed_cannot_be_verified() -> None:
    found = {one.capability: one.outcome for one in verify("no-such-plugin")}
    assert found["plugin.can-be-imported"] == "failed"


def test_without_pytest_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(PluginError, match="not installed") as caught:
        verify("domains")
    assert caught.value.hint == "pip install 'dokkupy[testing]'"
