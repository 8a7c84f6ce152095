"""What a short command may import: its start is most of the time it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.store import Store

FORBIDDEN = {
    *("docker", "git", "rich", "jinja2", "pydantic", "httpx", "asyncio", "pluggy"),
    *("importlib.metadata", "typer", "packaging", "email", "logging", "difflib"),
}
"""Besides what the budget forbids, what crept in once and cost more than 5 ms."""
PROGRAM = """
import json, sys
from dokkupy.cli.main import run
code = run(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def imported(paths: Paths, *words: str) -> set[str]:
    """Return what a process of its own has imported when it has done what the words say."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env=os.environ | {"DOKKUPY_ROOT": str(paths.root)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    return set(modules)


@pytest.mark.parametrize(
    "words",
    [
        ("apps", "list"),
        ("apps:list", "--json"),
        ("apps", "report", "hello"),
        ("config", "set", "hello", "A=b", "--no-restart"),
        ("config", "show", "hello"),
        ("releases", "list", "hello"),
        ("--version",),
    ],
)
def test_a_short_command_imports_nothing_heavy(paths: Paths, words: tuple[str, ...]) -> None:
    imported(paths, "init")
    store = Store(paths.state_db)
    store.apps.create(AppName("hello"))
    store.close()
    assert FORBIDDEN & imported(paths, *words) == set()


def test_help_imports_nothing_heavy_but_typer(paths: Paths) -> None:
    imported(paths, "init")
    imported(paths, "apps", "list")
    heavy = FORBIDDEN - {"typer", "difflib"}
    assert heavy & imported(paths, "--help") == set()
    assert heavy & imported(paths, "apps", "create", "--help") == set()


def test_the_public_names_cost_nothing_until_they_are_used() -> None:
    code = "import sys, dokkupy; print(*(m for m in sys.modules if m.startswith('dokkupy')))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["dokkupy"]
