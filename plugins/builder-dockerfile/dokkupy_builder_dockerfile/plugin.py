"""What builder-dockerfile adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dokkupy import hookimpl
from dokkupy.types import EnvLayer, Phase, Property, PropertyGroup, Rank

if TYPE_CHECKING:
    from dokkupy.builder import Builder
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.types import Source

PLUGIN_API = ">=1,<2"


@hookimpl
def register_operations() -> Mapping[str, str]:
    """Add the noun `build-args`."""
    return {"build-args": "dokkupy_builder_dockerfile.operations"}


@hookimpl
def register_properties() -> PropertyGroup:
    """Declare where the Dockerfile is and what its build may take."""
    from dokkupy.sizes import MemorySize
    from dokkupy.source_path import SourcePath
    from dokkupy_builder_dockerfile.paths import DEFAULT_DOCKERFILE

    return PropertyGroup(
        noun="builder-dockerfile",
        properties=(
            Property(
                name="dockerfile-path",
                type=SourcePath,
                default=DEFAULT_DOCKERFILE,
                help="Path of the Dockerfile in the source",
            ),
            Property(
                name="no-cache",
                type=bool,
                default=False,
                help="Run every step anew instead of using the engine's cache",
            ),
            Property(
                name="build-memory",
                type=MemorySize,
                help="Most memory that a build may take (512m, 2g); none: the server's limit",
            ),
        ),
    )


@hookimpl
def register_builders() -> Sequence[Builder]:
    """Give the builder."""
    from dokkupy_builder_dockerfile.builder import DockerfileBuilder

    return [DockerfileBuilder()]


@hookimpl
def app_cloned(platform: Platform, app: AppName, origin: AppName) -> None:
    """Declare the build arguments of its origin for a clone."""
    from dokkupy_builder_dockerfile.build_args import clone

    clone(platform.store, origin, app)


@hookimpl
def env_compile(platform: Platform, app: AppName, phase: Phase) -> Sequence[EnvLayer]:
    """Put the declared build arguments into the environment of builds."""
    from dokkupy_builder_dockerfile.build_args import NOUN, declared, environment

    if phase != "build":
        return []
    values = environment(declared(platform.store, app))
    return [EnvLayer(rank=Rank.BUILD, origin=NOUN, values=values, public=True)] if values else []


@hookimpl
def pre_build(platform: Platform, source: Source) -> None:
    """Refuse a build whose arguments shall come from config that is not there any more."""
    from dokkupy.errors import BuildFailed
    from dokkupy_builder_dockerfile.build_args import declared

    for argument in declared(platform.store, source.app):
        if argument.value is None:
            raise BuildFailed(
                f"The build argument {argument.key} comes from the config of {source.app}, "
                "which has no such key.",
                hint=f"dokkupy config set {source.app} {argument.key}=VALUE, or "
                f"dokkupy build-args unset {source.app} {argument.key}",
            )
