"""Why a distribution cannot be installed beside what is there: decided from metadata alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dokkupy.errors import Refused
from dokkupy.installing.distribution import Facts
from dokkupy.installing.reference import PREFIX, distribution_of


def plugin_of(candidate: Facts, wanted: str) -> str:
    """Return the name of the plugin that a distribution brings.

    Raises:
        Refused: it brings none, several, or another one than was asked for.
    """
    if len(candidate.plugins) != 1:
        raise Refused(
            f"{candidate.title} is not a plugin of dokkupy: it has "
            f"{len(candidate.plugins) or 'no'} entry points in the group dokkupy.plugins.",
            hint="See how one is made: dokkupy plugin new NAME",
        )
    (plugin,) = candidate.plugins
    if candidate.name != distribution_of(plugin) or wanted not in ("", plugin):
        raise Refused(
            f"{candidate.title} brings the plugin {plugin!a}, which must come as "
            f"{distribution_of(wanted or plugin)}.",
            hint="Tell its author; the names of a plugin must agree.",
        )
    return plugin


def missing(candidate: Facts, there: Mapping[str, Facts]) -> list[Requirement]:
    """Return what a candidate needs and is not installed.

    Raises:
        Refused: what is installed would have to change, or another plugin must come first.
    """
    _refuse_dependants(candidate, there)
    return list(_missing(candidate, frozenset(), there, {candidate.name}))


def _missing(
    facts: Facts, extras: frozenset[str], there: Mapping[str, Facts], seen: set[str]
) -> Iterator[Requirement]:
    for need in facts.needed(extras):
        name = canonicalize_name(need.name)
        found = there.get(name)
        if found is None:
            if name.startswith(PREFIX):
                raise Refused(
                    f"{facts.title} needs the plugin {need}, which is not installed.",
                    hint=f"dokkupy plugin install {name.removeprefix(PREFIX)}",
                )
            yield need
        elif not need.specifier.contains(found.version, prereleases=True):
            raise Refused(
                f"{facts.title} needs {need}, and {found.version} is installed: to install it "
                "would change what others rely on.",
                hint=f"Change that first, on purpose: pip install --upgrade '{need}'",
            )
        elif need.extras and name not in seen:
            yield from _missing(found, frozenset(need.extras), there, seen | {name})


def _refuse_dependants(candidate: Facts, there: Mapping[str, Facts]) -> None:
    for other in there.values():
        for need in other.needed():
            named = canonicalize_name(need.name) == candidate.name
            if named and not need.specifier.contains(candidate.version, prereleases=True):
                raise Refused(
                    f"{other.title} needs {need}; {candidate.version} would break it.",
                    hint=f"dokkupy plugin install '{need}'",
                )


def dependants(name: str, there: Mapping[str, Facts]) -> list[str]:
    """Return the distributions that need the one of that name."""
    return [
        other.title
        for other in there.values()
        if any(canonicalize_name(need.name) == name for need in other.needed())
    ]
