"""One operation performed for a person: values parsed, asked to be sure, run, shown."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dokkupy.cli import output
from dokkupy.cli.hangup import leave_with_reader
from dokkupy.cli.owner import ACTOR_VARIABLE, become_owner
from dokkupy.errors import UsageError
from dokkupy.paths import DEFAULT_ROOT, ROOT_VARIABLE
from dokkupy.types import ExitStatus, Line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy.cli.arguments import Given
    from dokkupy.operations.registry import Operation
    from dokkupy.platform import Platform


@dataclass(frozen=True, slots=True)
class Settings:
    """The options that every command has."""

    root: Path
    json: bool = False
    debug: bool = False

    @classmethod
    def of(cls, common: Mapping[str, str | bool]) -> Settings:
        """Return the settings for the common options that were typed."""
        root = str(common.get("root") or os.environ.get(ROOT_VARIABLE) or DEFAULT_ROOT)
        return cls(
            root=Path(root).expanduser().absolute(),
            json=bool(common.get("json")),
            debug=bool(common.get("debug")),
        )


class _Shown:
    """Stands for results that have been shown already."""


def perform(operation: Operation, given: Given, settings: Settings) -> int:
    """Run an operation with what was typed, print its result, return the exit code.

    The code is 0, that of the command which the operation ran for the caller, or what a result
    itself has as `exit_code`.

    Raises:
        DokkupyError: whatever the operation or the parsing of its values raises.
    """
    try:
        values = operation.bind(given.values, sys.stdin.buffer)
    except UsageError as error:
        error.hint = error.hint or f"See how it is used: dokkupy {operation.title} --help"
        raise
    wanted = operation.needs_confirmation(values)
    if wanted and _confirmed(operation, wanted):
        values["force"] = True
    if not operation.spec.as_caller:
        # Only now is it known for certain which root is meant: --root may stand anywhere.
        become_owner(settings.root, os.environ)
    from dokkupy.platform import Platform

    platform = Platform(settings.root, actor=os.environ.get(ACTOR_VARIABLE, ""))
    try:
        result, said = operation.run(platform, values), ""
        if isinstance(result, Generator):
            result, said = _followed(operation, values, result, settings)
            if isinstance(result, _Shown):
                return 0
        if isinstance(result, ExitStatus):
            return result.code
        empty = _about(operation.spec.empty, values)
        output.show_result(result, as_json=settings.json, empty=empty, said=said)
        return _exit_code(result)
    finally:
        _show_warnings(platform)
        platform.close()


def _about(empty: str, values: Mapping[str, Any]) -> str:
    """Return the words for an empty list with the app that was asked for in their command."""
    app = values.get("app") or values.get("scope")
    return re.sub(r"\bAPP\b", lambda _: str(app), empty) if app else empty


def _exit_code(result: object) -> int:
    """Return what a result says of itself in a property; a field is of what it tells about."""
    says = isinstance(getattr(type(result), "exit_code", None), property)
    return int(getattr(result, "exit_code", 0)) if says else 0


def _confirmed(operation: Operation, wanted: str) -> bool:
    """Ask a person to type `wanted` again; without a terminal there is nobody to ask."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    output.say(f"{operation.title} {wanted}: this cannot be undone.")
    output.say(f"Type {wanted} to go on: ", end="")
    return sys.stdin.readline().strip() == wanted


def _followed(
    operation: Operation,
    values: Mapping[str, Any],
    stream: Generator[Any, None, Any],
    settings: Settings,
) -> tuple[Any, str]:
    """Print the lines of a long operation as they come; return its result and the last line.

    Results that come one by one are shown at once; nothing is then left to show.
    """
    if operation.spec.reads and values.get("follow"):
        leave_with_reader()
    shown, said = False, ""
    try:
        while True:
            item = next(stream)
            if isinstance(item, Line):
                output.show_line(item, as_json=settings.json)
                said = item.text
            else:
                output.show_item(item, as_json=settings.json)
                shown = True
    except StopIteration as end:
        nothing_more = end.value is None and (shown or operation.one_by_one)
        return (_Shown() if nothing_more else end.value), said
    except KeyboardInterrupt:
        # What is on the caller's own pipes ends with him; other work is the detached runner's.
        if not (operation.spec.reads or operation.spec.interactive):
            target = next((str(v) for k, v in values.items() if k == "app" and v), "")
            where = f"dokkupy releases list {target}" if target else "dokkupy events"
            output.say("\nStopped following; the work itself goes on.")
            output.say_hint(f"See how it ends: {where}")
        raise
    finally:
        stream.close()


def _show_warnings(platform: Platform) -> None:
    if "hooks" in vars(platform):
        for warning in platform.hooks.warnings:
            output.show_warning(warning)
