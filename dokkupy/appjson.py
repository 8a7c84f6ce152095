"""What an app.json says of an app: the checks of its processes, and its tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeGuard

from dokkupy import addons
from dokkupy.addons import Addon
from dokkupy.errors import UsageError
from dokkupy.names import EnvKey
from dokkupy.types import Check, Environment

MAX_BYTES = 256 * 1024
_HINT: Final = 'Write it as {"healthchecks": {"web": [{"type": "startup", "path": "/health"}]}}.'
_TEST_HINT: Final = (
    'Write {"scripts": {"test": "pytest"}, "environments": {"test": {"env": {"KEY": "value"}}}}.'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Testing:
    """How an app is tested."""

    command: str
    """A command line; empty when there is none."""
    env: Environment
    """Variables that only the tests get."""
    addons: tuple[Addon, ...] = ()
    """Services that are there for the time of the tests."""


def read_tests(tree: Path) -> Testing:
    """Return `scripts.test`, `environments.test.env` and its `addons` of `tree/app.json`.

    Raises:
        UsageError: it is no regular file with JSON of this shape; says what is wrong.
    """
    document = _read(tree)
    command = _object(document, "scripts", _TEST_HINT).get("test", "")
    if not _is_text(command):
        raise UsageError("app.json: `scripts.test` is no command line.", hint=_TEST_HINT)
    test = _object(_object(document, "environments", _TEST_HINT), "test", _TEST_HINT)
    env = Environment()
    for key, value in _object(test, "env", _TEST_HINT).items():
        if not _is_text(value):
            raise UsageError(f"app.json: {key!a:.80} of the tests is no text.", hint=_TEST_HINT)
        env[EnvKey.parse(key)] = value
    wanted = addons.parse(test.get("addons", []))
    return Testing(command=command.strip(), env=env, addons=wanted)


def read_checks(tree: Path) -> dict[str, Check]:
    """Return process -> its startup check from `tree/app.json`; empty without that file.

    Each entry may have `path`, `timeout` (seconds for one request), `deadline` (seconds from the
    start until it must have passed) and `settle` (seconds that a process without a port must
    stay alive). Entries of another `type` than `startup` are left to others.

    Raises:
        UsageError: it is no regular file with JSON of this shape; says what is wrong.
    """
    return parse_checks(_read(tree))


def parse_checks(document: dict[str, Any]) -> dict[str, Check]:
    """Return what `read_checks` does, of a document that was read already.

    Raises:
        UsageError: it is not of that shape.
    """
    processes = _object(document, "healthchecks", _HINT)
    found: dict[str, Check] = {}
    for process, entries in processes.items():
        if not isinstance(entries, list):
            raise UsageError(f"app.json: healthchecks of {process[:80]!a} is no list.", hint=_HINT)
        for entry in entries:
            if isinstance(entry, dict) and entry.get("type", "startup") == "startup":
                found[process] = _check(process, entry)
    return found


def _read(tree: Path) -> dict[str, Any]:
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
    if not isinstance(document, dict):
        raise UsageError("app.json is no object.", hint=_HINT)
    return document


def _is_text(value: object) -> TypeGuard[str]:
    """Say whether a program can be given it: JSON can spell what is no Unicode (RFC 8259, 8.2)."""
    return (
        isinstance(value, str)
        and "\0" not in value
        and not any("\ud800" <= character <= "\udfff" for character in value)
    )


def _object(document: dict[str, Any], key: str, hint: str) -> dict[str, Any]:
    found = document.get(key, {})
    if not isinstance(found, dict):
        raise UsageError(f"app.json: `{key}` is not an object.", hint=hint)
    return found


def _check(process: str, entry: dict[str, Any]) -> Check:
    path = entry.get("path", "")
    if not isinstance(path, str) or (path and not _plain_path(path)):
        raise UsageError(
            f"app.json: the check of {process[:80]!a} has no usable path but {path!a:.80} instead.",
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
            f"app.json: {key} of {process[:80]!a} is {value!a:.40}, no number of seconds.",
            hint=f"Give {key} in seconds, more than 0 and at most 3600.",
        )
    return float(value)
