"""What an operation gives while it works, and at its end."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of progress or output that a long operation gives while it works."""

    text: str
    stream: Literal["progress", "output", "warning"] = "output"


T = TypeVar("T")

Stream: TypeAlias = Generator[Line, None, T]
"""What a long operation returns: lines while it works, its result at the end."""

Feed: TypeAlias = Generator[T | Line, None, None]
"""What an operation returns that gives its results one by one as they come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitStatus:
    """What a command on the caller's terminal ended with; the command line ends with it too."""

    code: int
