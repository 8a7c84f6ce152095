"""What a rollout came to, as its caller gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A rollout that ended well."""

    app: str
    release: int
    urls: tuple[str, ...]
    """Where it answers; none when no web process of it runs."""
    seconds: float
    """From the first staged container to the last retired one."""
    stopped: bool = False
    """True when the app has no containers, by its owner's wish."""

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Self:
        """Return what a job's result, which is plain JSON, says."""
        return cls(**{**result, "urls": tuple(result["urls"])})

    def text(self) -> str:
        """Say it in one line."""
        if self.stopped:
            return f"App {self.app} is stopped"
        where = f" at {self.urls[0]}" if self.urls else "; no web process of it runs"
        return f"Release {self.release} of {self.app} is live{where}"
