"""Whether an installed plugin keeps the contract of plugins, capability by capability."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from dokkupy.errors import PluginError
from dokkupy.installing import fresh
from dokkupy.installing.distribution import installed
from dokkupy.installing.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dokkupy.plugins import PluginState

SUITE = "dokkupy[testing]"


def verify(root: Path, plugin: PluginState) -> Iterator[Verdict]:
    """Yield what became of each capability of a plugin that is installed.

    Raises:
        PluginError: one failed, the suite is not installed, or it could not be run.
    """
    refuse_without_suite()
    found = fresh.ask(root, "verify", plugin=plugin.name)
    verdicts = [
        Verdict(capability=one["capability"], outcome=one["outcome"], reason=one["reason"])
        for one in found
    ]
    yield from verdicts
    failed = [verdict for verdict in verdicts if verdict.outcome == "failed"]
    if failed:
        raise PluginError(
            f"The plugin {plugin.title} does not keep its contract: {len(failed)} of "
            f"{len(verdicts)} capabilities failed.",
            hint=f"dokkupy plugin install --upgrade {plugin.name}, or {plugin.disable}",
        )


def refuse_without_suite(otherwise: str = "") -> None:
    """Make sure that the contract suite can be run.

    Raises:
        PluginError: it is not installed.
    """
    there = installed()
    needs = there["dokkupy"].needed(frozenset({"testing"}))
    missing = [need.name for need in needs if canonicalize_name(need.name) not in there]
    if missing:
        if importlib.util.find_spec("pip") is not None:
            command = [sys.executable, "-m", "pip", "install", SUITE]
        else:
            command = ["uv", "pip", "install", "--python", sys.executable, SUITE]
        raise PluginError(
            f"The contract of plugins is verified by {SUITE}, of which is not installed: "
            f"{', '.join(missing)}.",
            hint=shlex.join(command) + otherwise,
        )
