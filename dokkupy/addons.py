"""What the tests of an app want beside them: the addons of an app.json."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from dokkupy.errors import UsageError

MOST: Final = 10
"""Services that the tests of one app can have."""
_HINT: Final = (
    'Write {"environments": {"test": {"addons": ["postgres", {"plan": "redis", "as": "CACHE"}]}}}.'
)
_PLAN: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,62})(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?")
_VERSION: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_ALIAS: Final = re.compile(r"[A-Z][A-Z0-9_]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addon:
    """One service that tests want."""

    name: str
    """The noun of a kind of service, or what others call such a service."""
    plan: str = ""
    """What was said after the colon of the name: a version, or somebody's tariff."""
    version: str = ""
    """What was said of the version and nothing else."""
    alias: str = ""
    """Prefix of the variables that tells of it; empty for the usual one of its kind."""


def parse(found: object) -> tuple[Addon, ...]:
    """Return the addons of `environments.test.addons`.

    Raises:
        UsageError: it is no list of plans; says which entry is wrong.
    """
    if not isinstance(found, list):
        raise UsageError("app.json: `addons` of the tests is no list.", hint=_HINT)
    if len(found) > MOST:
        raise UsageError(f"app.json: the tests have more than {MOST} addons.", hint=_HINT)
    return tuple(_addon(entry) for entry in found)


def _addon(entry: object) -> Addon:
    given: dict[str, Any] = entry if isinstance(entry, dict) else {"plan": entry}
    options = given.get("options", {})
    version = options.get("version", "") if isinstance(options, dict) else None
    plan = _matched(_PLAN, given.get("plan"))
    if plan is None:
        raise UsageError(f"app.json: {entry!a:.80} is no addon of the tests.", hint=_HINT)
    if version != "" and _matched(_VERSION, version) is None:
        raise UsageError(f"app.json: {version!a:.80} is no version of {plan[1]}.", hint=_HINT)
    alias = given.get("as", "")
    if alias != "" and _matched(_ALIAS, alias) is None:
        raise UsageError(
            f"app.json: {plan[1]} cannot be known as {alias!a:.80}.",
            hint="Use capital letters, digits and underscores, such as CACHE.",
        )
    return Addon(name=plan[1], plan=plan[2] or "", version=version or "", alias=alias)


def _matched(pattern: re.Pattern[str], text: object) -> re.Match[str] | None:
    return pattern.fullmatch(text) if isinstance(text, str) else None
