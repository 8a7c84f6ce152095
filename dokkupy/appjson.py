"""The `healthchecks` of an app.json: how each process proves that it can take traffic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dokkupy.errors import UsageError
from dokkupy.types import Check

MAX_BYTES = 256 * 1024
_HINT = 'Write it as {"healthchecks": {"web": [{"type": "startup", "path": "/health"}]}}.'


def read_checks(tree: Path) -> dict[str, Check]:
    """Return process -> its startup check from `tree/app.json`; empty without that file.

    Each entry may have `path`, `timeout` (seconds for one request), `deadline` (seconds from the
    start until it must have passed) and `settle` (seconds that a process without a port must
    stay alive). Entries of another `type` than `startup` are left to others.

    Raises:
        UsageError: it is no regular file with JSON of this shape; says what is wrong.
    """
    path = tree / "app.json"
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError("app.json is not a regular file.", hint="Commit it as a plain file.")
    if not path.exists():
        return {}
    if path.stat().st_size > MAX_BYTES:
        raise UsageError("app.json is larger than 256 KiB.", hint=_HINT)
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"app.json is not valid JSON: {error}.", hint=_HINT) from None
    processes = document.get("healthchecks", {}) if isinstance(document, dict) else None
    if not isinstance(processes, dict):
        raise UsageError("app.json: `healthchecks` is not an object.", hint=_HINT)
    found: dict[str, Check] = {}
    for process, entries in processes.items():
        if not isinstance(entries, list):
            raise UsageError(f"app.json: healthchecks of {process!a} is no list.", hint=_HINT)
        for entry in entries:
            if isinstance(entry, dict) and entry.get("type", "startup") == "startup":
                found[process] = _check(process, entry)
    return found


def _check(process: str, entry: dict[str, Any]) -> Check:
    path = entry.get("path", "")
    if not isinstance(path, str) or (path and not _plain_path(path)):
        raise UsageError(
            f"app.json: the check of {process!a} has no usable path {path!a:.100}.",
            hint="Use an absolute path of printable ASCII such as /health.",
        )
    return Check(
        path=path,
        timeout=_seconds(process, entry, "timeout", 5.0),
        deadline=_seconds(process, entry, "deadline", 60.0),
        settle=_seconds(process, entry, "settle", 2.0),
    )


def _plain_path(path: str) -> bool:
    return path.startswith("/") and path.isascii() and path.isprintable() and " " not in path


def _seconds(process: str, entry: dict[str, Any], key: str, default: float) -> float:
    value = entry.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 3600:
        raise UsageError(
            f"app.json: {key} of {process!a} is {value!a:.40}.",
            hint=f"Give {key} in seconds, more than 0 and at most 3600.",
        )
    return float(value)
