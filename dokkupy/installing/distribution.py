"""What of a distribution decides whether it can be installed, read from its metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Self

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from dokkupy.plugins import GROUP


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Name, version, needs and plugins of one distribution."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    needs: tuple[Requirement, ...] = ()
    plugins: Mapping[str, str]
    """Plugin -> its entry module."""

    @classmethod
    def of(cls, found: Distribution) -> Self:
        """Read them."""
        return cls(
            name=canonicalize_name(found.name),
            version=found.version,
            needs=tuple(_requirements(found.requires or ())),
            plugins={point.name: point.value for point in found.entry_points.select(group=GROUP)},
        )

    @property
    def title(self) -> str:
        """How messages name it: `dokkupy-plugin-domains 0.1.0`."""
        return f"{self.name} {self.version}"

    def needed(self, extras: frozenset[str] = frozenset()) -> Iterator[Requirement]:
        """Yield what it needs on this machine, with these extras."""
        for need in self.needs:
            if need.marker is None or any(
                need.marker.evaluate({"extra": extra}) for extra in extras or {""}
            ):
                yield need


def _requirements(texts: list[str] | tuple[str, ...]) -> Iterator[Requirement]:
    for text in texts:
        try:
            yield Requirement(text)
        except InvalidRequirement:
            continue  # old metadata; no installer would have got this far with what matters


def installed() -> dict[str, Facts]:
    """Return every distribution that this Python finds: normalised name -> facts."""
    found: dict[str, Facts] = {}
    for one in distributions():
        if one.metadata["Name"]:  # what an interrupted removal leaves has none
            facts = Facts.of(one)
            found.setdefault(facts.name, facts)
    return found


def staged(folder: Path) -> dict[str, Distribution]:
    """Return the distributions in a folder: normalised name -> distribution."""
    return {canonicalize_name(found.name): found for found in distributions(path=[str(folder)])}
