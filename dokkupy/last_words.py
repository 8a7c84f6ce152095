"""What the last lines of a program tell of why it ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dokkupy.names import AppName
from dokkupy.types import ProcessType

_KEY: Final = r"(?P<key>[A-Z][A-Z0-9_]{1,60})"
_UNSET: Final = re.compile(
    rf"""
    KeyError:\ '{_KEY}'
    | key\ not\ found:\ "{_KEY.replace("key", "ruby")}"
    | (?:^|[\s:]){_KEY.replace("key", "shell")}:\ (?:parameter\ not\ set|unbound\ variable)
    | (?i:missing|required|undefined)[^\n]{{0,40}}\benvironment\ variable:?
      \ ['"`]?{_KEY.replace("key", "said")}\b
    | (?i:set\ the\ ){_KEY.replace("key", "asked")}\ environment\ variable
    | \b{_KEY.replace("key", "named")}\ (?:environment\ variable\ )?is\ not\ set
    """,
    re.VERBOSE | re.MULTILINE,
)
_NO_MODULE: Final = re.compile(
    r"ModuleNotFoundError: No module named '(?P<python>[\w.]+)'"
    r"|Cannot find module '(?P<node>[@\w][\w@/.-]*)'"
)
_MAY_NOT_BIND: Final = re.compile(
    r"(?:bind|listen|EACCES)[^\n]*(?:permission denied|EACCES)"
    r"|permission denied[^\n]*:\d+\b"
    r"|^PermissionError: \[Errno 13\] Permission denied$",
    re.IGNORECASE | re.MULTILINE,
)
_PORT_TAKEN: Final = re.compile(r"EADDRINUSE|address already in use", re.IGNORECASE)
_FIRST_PORT_FOR_ALL: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a program ended, as the rest of a sentence, and the line that mends it."""

    why: str
    fix: str


def reason(log: str, *, app: AppName, process: ProcessType) -> Reason | None:
    """Return what the end of a log gives as the reason; None when it gives none that is known."""
    if unset := _last(_UNSET, log):
        return Reason(why=f"{unset} is not set", fix=f"dokkupy config set {app} {unset}=VALUE")
    if module := _last(_NO_MODULE, log):
        return Reason(
            why=f"the module {module} is not in the image",
            fix=f"Add {module.partition('.')[0]} to what the build installs, and push again.",
        )
    port = process.port or 0
    if 0 < port < _FIRST_PORT_FOR_ALL and _MAY_NOT_BIND.search(log):
        return Reason(
            why=f"its user may not listen on port {port}, which is below 1024",
            fix=f"dokkupy config set {app} PORT=5000",
        )
    if _PORT_TAKEN.search(log):
        return Reason(
            why="something in the container listens already where it wants to",
            fix=f"Start one server alone, on the port in $PORT ({port}), and push again.",
        )
    return None


def _last(pattern: re.Pattern[str], log: str) -> str:
    found = list(pattern.finditer(log))
    return next(filter(None, found[-1].groups()), "") if found else ""
