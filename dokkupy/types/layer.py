"""The layers that an environment is merged from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from dokkupy.types.environment import Environment


class Rank(IntEnum):
    """Which layer of the environment wins: the higher one."""

    DEFAULT = 0
    PLATFORM = 10
    SERVICE = 20
    GLOBAL = 30
    APP = 40
    BUILD = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvLayer:
    """Some variables from one origin (`config`, a plugin's or a service's name) at one rank."""

    rank: Rank
    origin: str
    values: Environment
    public: bool = False
    """True when the values are declared no secret: they may show in the history of an image."""
