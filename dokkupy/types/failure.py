"""Why a deploy failed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a deploy failed: which process, what is wrong, how to mend it, what the log said."""

    process: str
    """`web.1`, or empty when it is nobody's in particular."""
    cause: str
    fix: str = ""
    log: str = ""
