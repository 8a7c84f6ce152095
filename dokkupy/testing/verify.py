"""The contract suite run against an installed plugin, in a Python of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from dokkupy.errors import PluginError
from dokkupy.testing import capability
from dokkupy.testing.capability import Capability

LIMIT_SECONDS: Final = 300


def arguments(plugin: str, report: Path) -> list[str]:
    """Return the command that writes the outcome of each capability to `report`."""
    return [
        *(sys.executable, "-m", "pytest"),
        *("--pyargs", "dokkupy.testing.installed", f"--dokkupy-plugin={plugin}"),
        f"--dokkupy-capabilities={report}",
        # No settings but these: not those of the folder that somebody happens to stand in.
        *("-c", os.devnull, f"--rootdir={report.parent}", "--import-mode=importlib"),
        *("-p", "no:cacheprovider", "-q", "--tb=short", "--no-header"),
    ]


def verify(plugin: str) -> list[Capability]:
    """Run the contract suite against the installed plugin and return capability by capability.

    Raises:
        PluginError: pytest is missing, or the suite could not be run to its end.
    """
    if importlib.util.find_spec("pytest") is None:
        raise PluginError(
            "The contract suite runs in pytest, which is not installed.",
            hint="pip install 'dokkupy[testing]'",
        )
    with tempfile.TemporaryDirectory(prefix="dokkupy-verify-") as folder:
        report = Path(folder, "capabilities.jsonl")
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("DOKKUPY_", "PYTEST_"))}
        try:
            done = subprocess.run(
                arguments(plugin, report),
                capture_output=True,
                text=True,
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                timeout=LIMIT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise PluginError(
                f"The contract suite of {plugin} was not done after {LIMIT_SECONDS} seconds.",
                hint="See where it hangs: " + " ".join(arguments(plugin, Path("report.jsonl"))),
            ) from error
        found = capability.read(report)
        # 0: all passed, 1: some failed; anything else is no answer about the plugin.
        if done.returncode not in (0, 1) or not found:
            raise PluginError(
                f"The contract suite could not be run against {plugin}.",
                hint="See what pytest says: " + " ".join(arguments(plugin, Path("report.jsonl"))),
                detail=done.stdout[-4000:] + done.stderr[-4000:],
            )
        return found
