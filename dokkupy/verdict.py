"""Why a new container did not pass: evidence -> one cause and the line that mends it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dokkupy.engine import Listener
from dokkupy.health import Answer
from dokkupy.names import AppName
from dokkupy.scheduler import PlacedStatus
from dokkupy.types import Failure, ProcessType, Scale

_ENGINE_RESOLVER: Final = "127.0.0.11"
"""The engine's own name server listens on it inside every container."""

KILLED: Final = 137
"""128 + SIGKILL, as shells count."""

_MISSING_KEY = re.compile(r"KeyError: '([A-Z][A-Z0-9_]{1,60})'")


def ended(
    status: PlacedStatus, log: str, *, app: AppName, name: str, process: ProcessType, scale: Scale
) -> Failure:
    """Explain a container that ended or vanished."""
    if status.state == "gone":
        return Failure(process=name, cause=f"{name} was removed by somebody else", log=log)
    if status.oom_killed or status.exit_code == KILLED:
        limit = scale.memory // (1024 * 1024)
        # Not every host's engine hears of it when the kernel kills for memory.
        why = "because it" if status.oom_killed else "by SIGKILL, most likely because it"
        return Failure(
            process=name,
            cause=f"{name} was killed {why} needed more than its {limit} MiB of memory",
            fix=f"dokkupy ps limit {app} {process.name} --memory {2 * limit}m",
            log=log,
        )
    missing = _MISSING_KEY.search(log)
    if missing:
        key = missing[1]
        return Failure(
            process=name,
            cause=f"{name} ended with exit code {status.exit_code}: {key} is not set",
            fix=f"dokkupy config set {app} {key}=VALUE",
            log=log,
        )
    fix = "Mend what the log shows and push again."
    if status.exit_code == 127:
        fix = f"Correct the command of {process.name} in the Procfile: it was not found."
    elif not log:
        fix = f"It printed nothing; try it by hand: dokkupy run {app} {process.name}"
    return Failure(
        process=name,
        cause=f"{name} ended with exit code {status.exit_code}",
        fix=fix,
        log=log,
    )


def silent(
    answer: Answer,
    listeners: Sequence[Listener],
    log: str,
    *,
    name: str,
    process: ProcessType,
) -> Failure:
    """Explain a container that runs and did not pass its check in time."""
    port = process.port or 0
    must = f"must listen on 0.0.0.0:$PORT ({port})"
    fix = f"Make it listen on 0.0.0.0 and the port in $PORT ({port}), then push again."
    found = [item for item in listeners if item.address != _ENGINE_RESOLVER]
    here = [item for item in found if item.port == port]
    open_here = [item for item in here if not _loopback(item)]
    if any(":" not in item.address for item in open_here) or (
        open_here and answer.problem != "refused"
    ):
        return _unwell(name, process, answer, log)
    shown = ", ".join(_shown(item) for item in here or found) or "nothing"
    only = " for IPv6 alone" if open_here and all(":" in item.address for item in here) else ""
    return Failure(process=name, cause=f"{name} listens on {shown}{only}, {must}", fix=fix, log=log)


def listens_elsewhere(listeners: Sequence[Listener], process: ProcessType) -> bool:
    """Say whether it listens somewhere, but nowhere that the proxy can reach."""
    found = [item for item in listeners if item.address != _ENGINE_RESOLVER]
    return bool(found) and not any(
        item.port == process.port and not _loopback(item) and ":" not in item.address
        for item in found
    )


def _unwell(name: str, process: ProcessType, answer: Answer, log: str) -> Failure:
    check = process.check
    asked = f"GET {check.path or '/'}"
    if answer.status:
        return Failure(
            process=name,
            cause=f"{name} answered {asked} with status {answer.status}, wanted 200 to 399",
            fix="Mend what the log shows, or the path of its check in app.json, and push again.",
            log=log,
        )
    if answer.problem == "timed out":
        return Failure(
            process=name,
            cause=f"{name} did not answer {asked} within {min(check.timeout, check.deadline):g} s",
            fix="Make it answer sooner, or raise the timeout of its check in app.json.",
            log=log,
        )
    return Failure(
        process=name,
        cause=f"{name} listens, but {asked} got no HTTP answer: {answer.problem}",
        fix="Make it speak HTTP on $PORT, then push again.",
        log=log,
    )


def _loopback(item: Listener) -> bool:
    return item.address.startswith("127.") or item.address == "::1"


def _shown(item: Listener) -> str:
    host = f"[{item.address}]" if ":" in item.address else item.address
    return f"{host}:{item.port}"
