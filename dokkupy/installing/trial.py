"""A candidate tried by a fresh Python, beside everything that is installed, before it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dokkupy.errors import Refused
from dokkupy.installing import fresh

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dokkupy.installing.candidate import Candidate


def states(looked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a look at the plugins has found, by their names."""
    return {plugin["name"]: plugin for plugin in looked["plugins"]}


def load(root: Path, candidate: Candidate) -> tuple[str, ...]:
    """Return the hooks of a candidate that was loaded beside the others.

    Raises:
        Refused: it cannot be loaded, or another plugin cannot beside it.
    """
    name = candidate.plugin
    before = states(fresh.ask(root, "look", enabled=name))
    after = states(fresh.ask(root, "look", overlay=candidate.overlay, enabled=name))
    if name not in after or after[name]["version"] != candidate.facts.version:
        raise Refused(
            f"{candidate.title} would not be the plugin {name} here.",
            hint="See which one is: dokkupy plugin list",
        )
    for other, state in after.items():
        harmed = before.get(other, {}).get("state") == "enabled"
        if state["state"] != "enabled" and (harmed or other == name):
            what = "cannot take part" if other == name else f"would break {other}"
            raise Refused(
                f"{candidate.title} {what}: {state['reason']}",
                hint="Nothing was changed. Ask for another version, or tell its author.",
            )
    return tuple(after[name]["hooks"])


def verify(root: Path, candidate: Candidate) -> int:
    """Hold a candidate to its contract; return how many capabilities hold.

    Raises:
        Refused: it lacks one.
    """
    found = fresh.ask(root, "verify", overlay=candidate.overlay, plugin=candidate.plugin)
    failed = [one for one in found if one["outcome"] == "failed"]
    if failed:
        raise Refused(
            f"{candidate.title} does not keep the contract of plugins: {len(failed)} of "
            f"{len(found)} capabilities failed.",
            hint="Nothing was changed. Tell its author, or install it all the same: --unverified",
            detail="\n".join(f"{one['capability']}: {one['reason']}" for one in failed),
        )
    return sum(one["outcome"] == "passed" for one in found)
