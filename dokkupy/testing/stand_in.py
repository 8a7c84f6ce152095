"""A plugin that gives a test platform what a deploy needs at least: a builder and host names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dokkupy.engine import ImageBuild
from dokkupy.hookspecs import hookimpl
from dokkupy.names import HostName
from dokkupy.types import Build

if TYPE_CHECKING:
    from dokkupy.builder import Builder, BuildRequest
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.types import Source


class StandInBuilder:
    """Builds a Dockerfile at the top of the source, without arguments or secrets."""

    name = "stand-in"
    looks_for = "a Dockerfile"

    def detect(self, source: Source, properties: dict[str, object]) -> bool:  # noqa: ARG002
        return (source.path / "Dockerfile").is_file()

    def build(self, request: BuildRequest) -> Build:
        build = ImageBuild(
            context=request.source.path,
            dockerfile="Dockerfile",
            args={},
            labels=request.labels,
            memory=request.limits.memory,
            cpu_shares=request.limits.cpu_shares,
        )
        image = request.engine.build(build, request.on_line)
        return Build(app=request.source.app, builder=self.name, image=image)


@hookimpl
def register_builders() -> Sequence[Builder]:
    """Give the builder."""
    return [StandInBuilder()]


@hookimpl
def vhosts(platform: Platform, app: AppName) -> Sequence[HostName]:
    """Serve every app under its name and the root's domain."""
    return [HostName(f"{app}.{platform.store.meta.get('domain')}")]
