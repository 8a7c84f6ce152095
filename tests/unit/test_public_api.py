"""The public names of the plugin API change announced, or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dokkupy import PLUGIN_API_VERSION

TOP = Path(__file__).parents[2]
sys.path.append(str(TOP))
from scripts import public_api  # noqa: E402 - found from the checkout's top

BEFORE = {"dokkupy.hello": "(name: str) -> str", "dokkupy.types.Word": "class()"}


def test_the_public_names_are_those_written_down() -> None:
    done = subprocess.run(
        [sys.executable, TOP / "scripts" / "public_api.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "now",
    [
        {"dokkupy.types.Word": "class()"},
        {"dokkupy.hello": "(name: str, loud: bool) -> str", "dokkupy.types.Word": "class()"},
    ],
    ids=["removed", "changed"],
)
def test_a_change_is_announced_in_the_changelog_or_by_a_new_version(now: dict[str, str]) -> None:
    same, other = PLUGIN_API_VERSION, "0.9"
    lost = public_api.unannounced(BEFORE, now, since=same, changelog="Much has changed.")
    assert lost == ["dokkupy.hello"]
    told = "`dokkupy.hello` is gone."
    assert public_api.unannounced(BEFORE, now, since=same, changelog=told) == []
    assert public_api.unannounced(BEFORE, now, since=other, changelog="") == []


def test_what_is_added_needs_no_announcement() -> None:
    now = {**BEFORE, "dokkupy.bye": "() -> str"}
    assert public_api.unannounced(BEFORE, now, since=PLUGIN_API_VERSION, changelog="") == []


def test_hooks_types_errors_fixtures_and_capabilities_are_public_names() -> None:
    names = public_api.public_names()
    assert names["dokkupy.hookspecs.env_compile"].startswith("(platform: Platform, app: AppName")
    assert names["dokkupy.errors.Locked"] == "class(DokkupyError)"
    assert names["dokkupy.testing.plugin.platform"] == "fixture"
    assert names["plugin.readme-names-every-operation"] == "capability"
    assert "image: str" in names["dokkupy.types.Build"]
