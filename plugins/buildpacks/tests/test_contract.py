from __future__ import annotations

from typing import ClassVar, cast

from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.testing.engine_fake import FakeEngine
from dokkupy.testing.samples import Sample
from dokkupy.testing.suites import PluginContract


class TestBuildpacksPlugin(PluginContract):
    name = "buildpacks"
    samples: ClassVar = {
        "buildpacks add": Sample(("{app}", "https://forge.example/pack#v1")),
        "buildpacks set": Sample(("{app}", "node")),
        "buildpacks remove": Sample(("{app}", "python")),
        "buildpacks set-stack": Sample(("{app}", "other")),
    }

    def use(self, platform: Platform, app: AppName) -> None:
        platform.properties.set("builder-buildpacks", app, "build-memory", "1g")

    def prepare(self, operation: str, platform: Platform, app: AppName) -> None:
        if operation == "buildpacks remove":
            platform.properties.set("builder-buildpacks", app, "buildpacks", "python")
        if operation == "buildpacks set-stack":
            for name in ("build", "run"):
                cast("FakeEngine", platform.engine).add_image(f"dokkupy/{name}:other")
