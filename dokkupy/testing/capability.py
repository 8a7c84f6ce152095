"""The named capabilities that contract suites prove, one for each of their tests.

A test `test_serves_a_route_by_its_host` of the suite `proxy` proves the capability
`proxy.serves-a-route-by-its-host`: the name is the claim. `docs/plugins/api-policy.md` says when
one may change. With `--dokkupy-capabilities=FILE` every outcome becomes a line of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar, Final, Literal

import pytest

PROPERTY: Final = "dokkupy-capability"
"""Under this name a test's report carries its capability."""

Outcome = Literal["passed", "failed", "skipped"]
_WORST_FIRST: Final = ("failed", "skipped", "passed")


class Contract:
    """The base of every suite; a subclass for one implementation says what that one lacks."""

    suite: ClassVar[str] = ""
    """First part of the names of its capabilities."""
    lacks: ClassVar[Mapping[str, str]] = {}
    """Capability -> why the implementation does without it; its test is skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What became of one capability."""

    capability: str
    """Such as `plugin.readme-names-every-operation`."""
    outcome: Outcome
    reason: str = ""
    """Why it failed, or why it was skipped; empty when it passed."""
    seconds: float = 0.0

    @property
    def claim(self) -> str:
        """What it says, for people: `readme names every operation`."""
        return self.capability.partition(".")[2].replace("-", " ")


def capabilities_of(contract: type[Contract]) -> list[str]:
    """Return the capabilities of a suite, in the order in which they are written down."""
    found: dict[str, None] = {}
    for base in reversed(contract.__mro__):
        names = (name for name in vars(base) if name.startswith("test_"))
        found |= dict.fromkeys(filter(None, (capability_of(contract, name) for name in names)))
    return list(found)


def capability_of(contract: type | None, test: str) -> str:
    """Return the capability that the method `test` proves, empty for a test of one's own.

    Suites are not collected by themselves: what pytest collects, `Test…`, adds tests of its own.
    """
    for base in getattr(contract, "__mro__", ()):
        suite = getattr(base, "suite", "")
        if suite and test in vars(base) and not base.__name__.startswith("Test"):
            return f"{suite}.{test.removeprefix('test_').replace('_', '-')}"
    return ""


def mark(item: pytest.Item) -> None:
    """Let a collected test carry its capability, and be skipped where that is declared.

    Raises:
        UsageError: the contract lacks something for no reason, or something that is not there.
    """
    contract = getattr(item, "cls", None)
    if not (isinstance(contract, type) and issubclass(contract, Contract)):
        return
    known = capabilities_of(contract)
    for capability, reason in contract.lacks.items():
        if capability not in known or not reason.strip():
            raise pytest.UsageError(
                f"{contract.__qualname__}.lacks names {capability!r}, which must be one of its "
                "capabilities and have a reason."
            )
    capability = capability_of(contract, getattr(item, "originalname", item.name))
    if capability:
        item.user_properties.append((PROPERTY, capability))
    if capability in contract.lacks:
        item.add_marker(pytest.mark.skip(reason=contract.lacks[capability]))


def told(report: pytest.TestReport) -> Capability | None:
    """Return what a report of pytest says of a capability; None when it says nothing yet."""
    name = str(dict(report.user_properties).get(PROPERTY, ""))
    passed_a_step = report.when != "call" and report.passed
    if not name or passed_a_step:
        return None
    return Capability(
        capability=name,
        outcome="failed" if report.failed else "skipped" if report.skipped else "passed",
        reason=_reason(report),
        seconds=round(report.duration, 3),
    )


def _reason(report: pytest.TestReport) -> str:
    if report.passed:
        return ""
    if report.skipped and isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else report.longreprtext
    return str(text).partition("\nassert ")[0].strip()


def write(file: Path, capability: Capability) -> None:
    """Add one line of JSON to a file."""
    with file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(capability)) + "\n")


def read(file: Path) -> list[Capability]:
    """Return what a file of such lines says: each capability once, with its worst outcome."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return list(merged(Capability(**json.loads(line)) for line in lines))


def merged(outcomes: Iterable[Capability]) -> Iterator[Capability]:
    """Yield each capability once: a test with several parameters is as good as its worst."""
    found: dict[str, Capability] = {}
    for one in outcomes:
        other = found.setdefault(one.capability, one)
        if other is not one:
            worst = min(one, other, key=lambda each: _WORST_FIRST.index(each.outcome))
            found[one.capability] = replace(worst, seconds=one.seconds + other.seconds)
    yield from found.values()
