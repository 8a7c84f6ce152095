"""Environment variables, whose values never show."""

from __future__ import annotations

from typing import Literal

Phase = Literal["build", "run"]
"""When an environment is for: `build` while the image is made, `run` for release tasks and apps."""


class Environment(dict[str, str]):
    """Environment variables; their values never show in a repr, a log or a traceback."""

    def __repr__(self) -> str:
        return f"Environment({', '.join(f'{key}=****' for key in self)})"

    __str__ = __repr__
