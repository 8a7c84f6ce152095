"""What user-env-compile adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dokkupy import hookimpl
from dokkupy.types import BuildOptions, Environment, EnvLayer, Phase, Rank

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform

PLUGIN_API = ">=1,<2"


@hookimpl
def register_operations() -> Mapping[str, str]:
    """Add the noun `build-env`."""
    return {"build-env": "dokkupy_user_env_compile.operations"}


@hookimpl
def app_cloned(platform: Platform, app: AppName, origin: AppName) -> None:
    """Give a clone the variables of its origin."""
    from dokkupy_user_env_compile.variables import change, chosen

    if variables := chosen(platform.store, origin):
        change(platform.store, app, variables)


@hookimpl
def env_compile(platform: Platform, app: AppName, phase: Phase) -> Sequence[EnvLayer]:
    """Give builds the defaults, the global variables and the app's own; runs get nothing.

    The app's own beat everything; its config beats the global ones, being the closer choice.
    """
    from dokkupy_user_env_compile.variables import DEFAULTS, NOUN, chosen

    if phase != "build":
        return []
    layers = (
        (Rank.DEFAULT, f"{NOUN} defaults", Environment(DEFAULTS)),
        (Rank.GLOBAL, f"{NOUN} --global", chosen(platform.store, "")),
        (Rank.BUILD, NOUN, chosen(platform.store, app)),
    )
    return [
        EnvLayer(rank=rank, origin=origin, values=values, public=True)
        for rank, origin, values in layers
        if values
    ]


@hookimpl
def build_options() -> BuildOptions:
    """Give builds a curl of our own, which is patient where a buildpack is not."""
    from pathlib import Path

    script = Path(__file__).parent / "programs" / "curl"
    return BuildOptions(programs={"curl": script.read_bytes()})
