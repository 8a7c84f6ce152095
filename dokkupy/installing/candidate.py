"""What was fetched to be installed, in a folder of its own, with what it needs beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dokkupy.errors import PluginError
from dokkupy.installing import objections
from dokkupy.installing.distribution import Facts, staged
from dokkupy.installing.wheel import pack
from dokkupy.plugins import GROUP

if TYPE_CHECKING:
    from dokkupy.installing.environment import Environment
    from dokkupy.installing.reference import Reference


_HINTS: Final = {
    "name": "Check name and version; a wheel, a project's folder or a git URL will do too.",
    "wheel": "Build it again, or give the project's folder.",
    "project": "See that it builds: python -m build --wheel",
    "git": "See that it can be read: git ls-remote URL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A plugin as it would be installed."""

    plugin: str
    facts: Facts
    before: str
    """The version that is installed, empty for none."""
    found: Distribution
    needs: tuple[Distribution, ...] = ()
    """What it needs that is not there."""
    overlay: tuple[Path, ...]
    """Folders that go before what is installed, to try it."""

    @property
    def title(self) -> str:
        """How messages name it: `dokkupy-plugin-domains 0.1.0`."""
        return self.facts.title

    @property
    def coming(self) -> list[Facts]:
        """Everything that would be installed."""
        return [self.facts, *map(Facts.of, self.needs)]

    def pack(self, wheels: Path) -> None:
        """Write a wheel of everything that would be installed."""
        for found in (self.found, *self.needs):
            pack(found, wheels)


def fetch(
    environment: Environment, wanted: Reference, there: Mapping[str, Facts], folder: Path
) -> Candidate:
    """Fetch or build what was asked for, without what it needs.

    Raises:
        Refused: it is no plugin, or another one.
        PluginError: it could not be had.
    """
    installer, own = environment.installer, folder / "plugin"
    try:
        installer.run(installer.staging(wanted.requirement, own))
    except PluginError as error:
        raise PluginError(
            f"{wanted.requirement} could not be had: {error.message}",
            hint=_HINTS[wanted.kind],
            detail=error.detail,
        ) from error
    all_found = list(staged(own).values())
    plugins = [found for found in all_found if found.entry_points.select(group=GROUP)]
    if not all_found:
        raise PluginError(f"{installer.kind} put nothing into its folder.")
    found = (plugins or all_found)[0]
    facts = Facts.of(found)
    plugin = objections.plugin_of(facts, wanted.plugin)
    known = there.get(facts.name)
    before = known.version if known else ""
    return Candidate(plugin=plugin, facts=facts, before=before, found=found, overlay=(own,))


def stage_needs(
    environment: Environment, candidate: Candidate, there: Mapping[str, Facts], folder: Path
) -> Candidate:
    """Fetch what a candidate needs and is not there; return it with that.

    Raises:
        Refused: something that is installed would have to change.
        PluginError: it could not be had.
    """
    missing = objections.missing(candidate.facts, there)
    if not missing:
        return candidate
    constraints, needs = folder / "constraints.txt", folder / "needs"
    with environment.user.acting():
        pins = (f"{one.name}=={one.version}\n" for one in there.values())
        constraints.write_text("".join(pins))
    installer = environment.installer
    for need in missing:
        installer.run(installer.staging(str(need), needs, deep=constraints))
    found = staged(needs)
    for name in found.keys() & there.keys():
        _drop(found.pop(name))
    return Candidate(
        plugin=candidate.plugin,
        facts=candidate.facts,
        before=candidate.before,
        found=candidate.found,
        needs=tuple(found.values()),
        overlay=(*candidate.overlay, needs),
    )


def _drop(found: Distribution) -> None:
    """Remove from a stage what is installed anyway, in the very same version."""
    for path in found.files or ():
        Path(str(found.locate_file(path))).unlink(missing_ok=True)
