"""What the engine refuses, as errors that say why and what to do."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from dokkupy.errors import Conflict, DokkupyError, EngineError, ImageNotFound, NotFound

_TAKEN = (
    "address already in use",
    "pool overlaps",
    "has active endpoints",
    "port is already allocated",
)
"""What Docker calls forbidden (403) although somebody else merely holds it."""


def refusal(status: int, text: str) -> DokkupyError:
    """Return the error for an answer of the engine: its HTTP status and its own words."""
    words = text.strip().removesuffix(": unknown")
    lower = words.lower()
    message = f"Docker: {words}" if words.endswith(".") else f"Docker: {words}."
    if status == HTTPStatus.NOT_FOUND:
        if "no such image" in lower:
            return ImageNotFound(message, hint="See what there is: docker image ls")
        return NotFound(message, hint="See what there is: docker ps --all; docker network ls")
    if status == HTTPStatus.CONFLICT or any(phrase in lower for phrase in _TAKEN):
        return Conflict(message, hint="See who holds it: docker ps --all; docker network ls")
    return EngineError(message, hint="Docker's own log says more: journalctl --unit docker")


def unreachable(socket: Path, error: BaseException) -> EngineError:
    """Return the error for an engine that cannot be reached at all."""
    reason = _reason(error)
    if isinstance(_root_cause(error), PermissionError):
        return EngineError(
            f"This user may not use the container engine at {socket}.",
            hint='Let it, and log in again: usermod --append --groups docker "$USER"',
        )
    return EngineError(
        f"The container engine does not answer at {socket} ({reason}).",
        hint="Start it: systemctl start docker (or: dockerd)",
    )


def unanswered(seconds: float) -> EngineError:
    """Return the error for an engine that took a request and gave no answer in time."""
    return EngineError(
        f"The container engine did not answer within {seconds:g} s.",
        hint="See whether it is overloaded or hung: docker info",
    )


def vanished() -> EngineError:
    """Return the error for an engine that hung up in the middle of an answer."""
    return EngineError(
        "The container engine closed the connection before its answer was complete.",
        hint="See whether it was restarted: docker info",
    )


def _root_cause(error: BaseException) -> BaseException:
    """Return the innermost exception of a chain; HTTP libraries wrap the system's own."""
    seen = error
    while (inner := seen.__cause__ or seen.__context__) is not None:
        seen = inner
    return seen


def _reason(error: BaseException) -> str:
    cause = _root_cause(error)
    text = cause.strerror if isinstance(cause, OSError) else None
    return (text or str(cause) or type(cause).__name__).lower()
