"""Why a container does not do what it must: evidence -> one cause and the line that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dokkupy import last_words, unstartable
from dokkupy.engine import Listener
from dokkupy.health import Answer
from dokkupy.names import AppName
from dokkupy.scheduler import PlacedStatus
from dokkupy.types import Check, Failure, ProcessType, Scale

KILLED: Final = 137
"""128 + SIGKILL, as shells count."""
LOOPS_AFTER: Final = 3
"""So many starts of one container, the last not long ago, are no accident any more."""
NOT_LONG_AGO_SECONDS: Final = 300.0
NEARLY_FULL: Final = 0.95
"""Of its memory: the next request may end it."""
MIB: Final = 1024 * 1024


def ended(
    status: PlacedStatus, log: str, *, app: AppName, name: str, process: ProcessType, scale: Scale
) -> Failure:
    """Explain a container that ended or vanished."""
    if status.state == "gone":
        fix = "Push again, and leave dokkupy's containers to dokkupy."
        return Failure(process=name, cause=f"{name} was removed by somebody else", fix=fix, log=log)
    if status.restarts and not status.restart_count:
        # One that had ended by itself would have been started again.
        cause = f"{name} was stopped by somebody else"
        return Failure(process=name, cause=cause, fix="dokkupy up", log=log)
    if status.oom_killed or status.exit_code == KILLED:
        limit = scale.memory // MIB
        # Not every host's engine hears of it when the kernel kills for memory.
        why = "because it" if status.oom_killed else "by SIGKILL, most likely because it"
        return Failure(
            process=name,
            cause=f"{name} was killed {why} needed more than its {limit} MiB of memory"
            + _again(status),
            fix=_more_memory(app, process, scale),
            log=log,
        )
    cause = f"{name} ended with exit code {status.exit_code}"
    reason = unstartable.reason(status, log, process=process)
    reason = reason or last_words.reason(log, app=app, process=process)
    if reason is not None:
        cause = f"{cause}: {reason.why}{_again(status)}"
        return Failure(process=name, cause=cause, fix=reason.fix, log=log)
    fix = "Mend what the log shows and push again."
    if status.exit_code == 0:
        fix = f"Let the command of {process.name} stay in the foreground, and push again."
    elif not log:
        fix = "It printed nothing: let it print why it ends, and push again."
    return Failure(process=name, cause=cause + _again(status), fix=fix, log=log)


def _again(status: PlacedStatus) -> str:
    times = f"{status.restart_count} time{'s' if status.restart_count > 1 else ''}"
    return f"; it was started again {times}" if status.restart_count else ""


def loops(status: PlacedStatus, now: float) -> bool:
    """Say whether a container is started again and again; `now` in seconds since the epoch."""
    recent = now - status.started_at < NOT_LONG_AGO_SECONDS
    return status.restart_count >= LOOPS_AFTER and recent


def looping(
    status: PlacedStatus, log: str, *, app: AppName, name: str, process: ProcessType
) -> Failure:
    """Explain a container that runs just now, and will not for long."""
    cause = f"{name} keeps ending: it was started again {status.restart_count} times"
    reason = last_words.reason(log, app=app, process=process)
    if reason is not None:
        return Failure(process=name, cause=f"{cause}; {reason.why}", fix=reason.fix, log=log)
    return Failure(
        process=name, cause=cause, fix="Mend what the log shows and push again.", log=log
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
    here = [item for item in listeners if item.port == port]
    open_here = [item for item in here if not _loopback(item)]
    if any(":" not in item.address for item in open_here) or (
        open_here and answer.problem != "refused"
    ):
        return _unwell(name, process, answer, log)
    shown = ", ".join(_shown(item) for item in here or listeners) or "nothing"
    only = " for IPv6 alone" if open_here and all(":" in item.address for item in here) else ""
    return Failure(process=name, cause=f"{name} listens on {shown}{only}, {must}", fix=fix, log=log)


def starting(status: PlacedStatus, now: float, *, app: AppName, name: str, check: Check) -> Failure:
    """Explain a container that does not answer, and need not yet."""
    age = max(0.0, now - status.started_at)
    return Failure(
        process=name,
        cause=(
            f"{name} was started {age:.0f} s ago and does not answer yet;"
            f" its check gives it {check.deadline:g} s"
        ),
        fix=f"Look again in a moment: dokkupy diagnose {app}",
    )


def cramped(
    status: PlacedStatus, *, app: AppName, name: str, process: ProcessType, scale: Scale
) -> Failure | None:
    """Explain a container that has taken nearly all the memory that it may; None when not so."""
    if not status.memory or status.memory_used < NEARLY_FULL * status.memory:
        return None
    used, limit = status.memory_used // MIB, status.memory // MIB
    return Failure(
        process=name,
        cause=f"{name} holds {used} MiB of the {limit} MiB of memory that it may take",
        fix=_more_memory(app, process, scale),
    )


def listens_elsewhere(listeners: Sequence[Listener], process: ProcessType) -> bool:
    """Say whether it listens somewhere, but nowhere that the proxy can reach."""
    return bool(listeners) and not any(
        item.port == process.port and not _loopback(item) and ":" not in item.address
        for item in listeners
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


def _more_memory(app: AppName, process: ProcessType, scale: Scale) -> str:
    return f"dokkupy ps limit {app} {process.name} --memory {2 * scale.memory // MIB}m"


def _loopback(item: Listener) -> bool:
    return item.address.startswith("127.") or item.address == "::1"


def _shown(item: Listener) -> str:
    host = f"[{item.address}]" if ":" in item.address else item.address
    return f"{host}:{item.port}"
