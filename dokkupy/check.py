"""Waiting until new containers have proved themselves, all of them side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dokkupy import health, verdict
from dokkupy.errors import NotFound
from dokkupy.health import Answer
from dokkupy.plan import Slot
from dokkupy.scheduler import PlacedStatus, Scheduler
from dokkupy.types import Check, Endpoint, Failure, Instance

FIRST_PAUSE_SECONDS = 0.005
PAUSE_GROWTH = 1.1
"""So a pause is a tenth of the time that has passed, and no app is found ready later than that."""
LONGEST_PAUSE_SECONDS = 0.25
STATUS_EVERY_SECONDS = 0.2
LOG_LINES = 50
LOOKS_LOST_AFTER_SECONDS = 10.0
"""How long one that listens on the wrong address, and only there, is waited for."""
LOOK_SECONDS = 2.0
"""How long one that serves is asked again when it does not pass at once."""
LOOK_EVERY_SECONDS = 1.0
"""Between two probes of a probation."""
STRIKES = 3
"""Unanswered probes in a row that end a probation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A placed container with what it was placed for."""

    instance: Instance
    slot: Slot
    host: str
    """The host name that probes ask for."""


def failed_log(scheduler: Scheduler, instance: Instance) -> str:
    """Return the end of a container's output as text, safe to show on a terminal."""
    lines = scheduler.logs(instance.reference, tail=LOG_LINES)
    return "\n".join(
        "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
        for text in (line.decode("utf-8", "replace") for line in lines)
    )


def await_all(scheduler: Scheduler, candidates: Sequence[Candidate]) -> Failure | None:
    """Wait until every candidate has passed its check; return the first failure instead.

    Raises:
        EngineError: one could not be watched; nothing is known of it.
    """
    stop = threading.Event()

    def watch(candidate: Candidate) -> Failure | None:
        passed = False
        try:
            failure = _await_one(scheduler, candidate, stop)
            passed = failure is None
        finally:
            if not passed:
                stop.set()
        return failure

    if len(candidates) < 2:
        found = [watch(candidate) for candidate in candidates]
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(len(candidates)) as pool:
            try:
                found = list(pool.map(watch, candidates))
            finally:
                stop.set()
    failures = [failure for failure in found if failure is not None]
    return failures[0] if failures else _any_ended(scheduler, candidates, 0.0)


def await_probation(
    scheduler: Scheduler, candidates: Sequence[Candidate], seconds: float
) -> Failure | None:
    """Watch candidates that have the traffic; return the failure of one that falls out.

    One that is silent when the time is up is asked until it answers or has fallen out.
    """
    until = time.monotonic() + seconds
    strikes = dict.fromkeys((c.instance.id for c in candidates), 0)
    while (left := until - time.monotonic()) > 0 or any(strikes.values()):
        pause = min(LOOK_EVERY_SECONDS, left) if left > 0 else LOOK_EVERY_SECONDS
        failure = _any_ended(scheduler, candidates, pause)
        if failure is not None:
            return failure
        for candidate in candidates:
            endpoint = candidate.instance.endpoint
            if endpoint is None:
                continue
            answer = health.probe(endpoint, candidate.slot.process.check, host=candidate.host)
            number = candidate.instance.id
            strikes[number] = 0 if answer.status else strikes[number] + 1
            if strikes[number] >= STRIKES:
                return _silent(scheduler, candidate, answer)
    return None


def look(scheduler: Scheduler, candidate: Candidate) -> Failure | None:
    """Return what is wrong with a container that has been promoted, None when nothing is.

    Raises:
        EngineError: it could not be looked at.
    """
    instance, slot = candidate.instance, candidate.slot
    app, name, process = instance.app, instance.name, slot.process
    status = scheduler.status(instance.reference, look_inside=True)
    if status.state == "gone":
        return replace(_explained(scheduler, candidate, status), fix="dokkupy up")
    if status.state == "ended":
        return _explained(scheduler, candidate, status)
    if verdict.loops(status, time.time()):
        log = _log(scheduler, instance)
        return verdict.looping(status, log, app=app, name=name, process=process)
    if instance.endpoint is not None:
        answer = _answer(instance.endpoint, process.check, candidate.host)
        now = time.time()
        if not answer.passes(process.check):
            if not answer.status and now - status.started_at < process.check.deadline:
                return verdict.starting(status, now, app=app, name=name, check=process.check)
            return _silent(scheduler, candidate, answer)
    return verdict.cramped(status, app=app, name=name, process=process, scale=slot.scale)


def _answer(endpoint: Endpoint, check: Check, host: str) -> Answer:
    """Return the first answer that passes, or the last one when time is up."""
    until = time.monotonic() + LOOK_SECONDS
    while True:
        answer = health.probe(endpoint, check, host=host)
        if answer.passes(check) or time.monotonic() >= until:
            return answer
        time.sleep(LONGEST_PAUSE_SECONDS)


def _await_one(scheduler: Scheduler, candidate: Candidate, stop: threading.Event) -> Failure | None:
    check = candidate.slot.process.check
    endpoint = candidate.instance.endpoint
    began = time.monotonic()
    answer = Answer(problem="not asked yet")
    pause = FIRST_PAUSE_SECONDS
    next_status = began + STATUS_EVERY_SECONDS
    while not stop.is_set():
        now = time.monotonic()
        if endpoint is None:
            ended = scheduler.wait_ended(
                [candidate.instance.reference], min(0.5, max(0.0, began + check.settle - now))
            )
            if ended is not None:
                return _ended(scheduler, candidate)
            if time.monotonic() - began >= check.settle:
                return None
            continue
        answer = health.probe(endpoint, check, host=candidate.host)
        if answer.passes(check):
            return None
        if now >= next_status:
            next_status = now + STATUS_EVERY_SECONDS
            if scheduler.status(candidate.instance.reference).state in ("ended", "gone"):
                return _ended(scheduler, candidate)
        if now - began >= check.deadline or _lost(scheduler, candidate, answer, now - began):
            return _silent(scheduler, candidate, answer)
        stop.wait(pause)
        pause = min(pause * PAUSE_GROWTH, LONGEST_PAUSE_SECONDS)
    return None


def _lost(scheduler: Scheduler, candidate: Candidate, answer: Answer, seconds: float) -> bool:
    """Say whether waiting on is pointless: it listens, for a while now, where nobody can ask."""
    if answer.problem != "refused" or seconds < LOOKS_LOST_AFTER_SECONDS:
        return False
    status = scheduler.status(candidate.instance.reference, look_inside=True)
    return verdict.listens_elsewhere(status.listeners, candidate.slot.process)


def _any_ended(
    scheduler: Scheduler, candidates: Sequence[Candidate], timeout: float
) -> Failure | None:
    by_reference = {candidate.instance.reference: candidate for candidate in candidates}
    if not by_reference:
        return None
    ended = scheduler.wait_ended(list(by_reference), timeout)
    return None if ended is None else _ended(scheduler, by_reference[ended])


def _ended(scheduler: Scheduler, candidate: Candidate) -> Failure:
    status = scheduler.status(candidate.instance.reference, look_inside=True)
    return _explained(scheduler, candidate, status)


def _explained(scheduler: Scheduler, candidate: Candidate, status: PlacedStatus) -> Failure:
    return verdict.ended(
        status,
        _log(scheduler, candidate.instance),
        app=candidate.instance.app,
        name=candidate.instance.name,
        process=candidate.slot.process,
        scale=candidate.slot.scale,
    )


def _silent(scheduler: Scheduler, candidate: Candidate, answer: Answer) -> Failure:
    status = scheduler.status(candidate.instance.reference, look_inside=True)
    if status.state in ("ended", "gone"):
        return _explained(scheduler, candidate, status)
    return verdict.silent(
        answer,
        status.listeners,
        _log(scheduler, candidate.instance),
        name=candidate.instance.name,
        process=candidate.slot.process,
    )


def _log(scheduler: Scheduler, instance: Instance) -> str:
    try:
        return failed_log(scheduler, instance)
    except NotFound:  # its output went with it
        return ""
