"""What the source of an app declares of how to run it, and the label that takes it along.

The label lets another root, which has the image and not the source, run the same processes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

from dokkupy import appjson, procfile
from dokkupy.addons import Addon
from dokkupy.errors import DokkupyError, UsageError
from dokkupy.types import Check, Environment

if TYPE_CHECKING:
    from pathlib import Path

LABEL: Final = "dokkupy.processes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The lines of a Procfile and what an app.json adds to them."""

    lines: Mapping[str, str]
    """Process -> command line, without the tasks below."""
    checks: Mapping[str, Check]
    release_task: str = ""
    test: str = ""
    """The command line that must succeed before the image is released."""
    test_env: Environment = field(default_factory=Environment)
    test_addons: tuple[Addon, ...] = ()


def read(tree: Path) -> Declared:
    """Return what `tree` declares.

    Raises:
        UsageError: the Procfile or the app.json is not understood.
    """
    lines = {str(name): line for name, line in procfile.read(tree).items()}
    tests = appjson.read_tests(tree)
    return Declared(
        release_task=lines.pop(procfile.RELEASE, ""),
        test=lines.pop(procfile.TEST, "") or tests.command,
        test_env=tests.env,
        test_addons=tests.addons,
        lines=lines,
        checks=appjson.read_checks(tree),
    )


def to_label(declared: Declared) -> str:
    """Return what another root needs, as the value of `LABEL`."""
    kept = {
        "lines": dict(declared.lines),
        "checks": {name: asdict(check) for name, check in declared.checks.items()},
        "release": declared.release_task,
    }
    return json.dumps(kept, sort_keys=True)


def with_defaults(labels: Mapping[str, str], processes: Mapping[str, str]) -> dict[str, str]:
    """Return the labels of an image whose builder knows what runs where the source says nothing.

    A builder that returns `processes` puts these labels on its image.
    """
    text = labels.get(LABEL)
    if text is None:
        return dict(labels)
    kept, known = json.loads(text), dict(processes)
    known.pop(procfile.TEST, "")
    task = known.pop(procfile.RELEASE, "")
    whole = {**kept, "lines": kept["lines"] or known, "release": kept["release"] or task}
    return {**labels, LABEL: json.dumps(whole, sort_keys=True)}


def from_label(labels: Mapping[str, str]) -> Declared:
    """Return what an image's labels say; nothing when it has none of ours.

    Raises:
        UsageError: the label is not one that dokkupy has written.
    """
    text = labels.get(LABEL)
    if text is None:
        return Declared(lines={}, checks={})
    try:
        kept = json.loads(text)
        written = "\n".join(f"{name}: {line}" for name, line in kept["lines"].items())
        checks = {"healthchecks": {name: [check] for name, check in kept["checks"].items()}}
        return Declared(
            lines={str(name): line for name, line in procfile.parse(written).items()},
            checks=appjson.parse_checks(checks),
            release_task=str(kept["release"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, DokkupyError):
        raise UsageError(
            f"The image's label {LABEL} is not one that dokkupy has written.",
            hint="Build the image anew, or deploy its source.",
        ) from None
