"""What user-env-compile adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dokkupy import hookimpl
from dokkupy.types import Environment, EnvLayer, Phase, Rank

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform

PLUGIN_API = ">=1,<2"


@hookimpl
def register_operations() -> Mapping[str, str]:
    """Add the noun `build-env`."""
    return {"build-env": "dokkupy_user_env_compile.operations"}


@hookimpl
def env_compile(platform: Platform, app: AppName, phase: Phase) -> Sequence[EnvLayer]:
    """Give builds their defaults, and above everything else what people set; runs get nothing."""
    from dokkupy_user_env_compile.variables import DEFAULTS, NOUN, chosen

    if phase != "build":
        return []
    values = Environment({**chosen(platform.store, ""), **chosen(platform.store, app)})
    return [
        EnvLayer(
            rank=Rank.DEFAULT,
            origin=f"{NOUN} defaults",
            values=Environment(DEFAULTS),
            public=True,
        ),
        EnvLayer(rank=Rank.BUILD, origin=NOUN, values=values, public=True),
    ]
