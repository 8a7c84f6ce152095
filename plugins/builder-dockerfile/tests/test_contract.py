from __future__ import annotations

from typing import ClassVar

from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.testing.samples import Sample
from dokkupy.testing.suites import PluginContract
from dokkupy_builder_dockerfile import build_args


class TestBuilderDockerfilePlugin(PluginContract):
    name = "builder-dockerfile"
    # Build arguments are public, and declared as such.
    samples: ClassVar = {
        "build-args set": Sample(("{app}", "VERSION=1")),
        "build-args from-config": Sample(("{app}", "CHANNEL")),
    }

    def use(self, platform: Platform, app: AppName) -> None:
        build_args.change(platform.store, app, {"GREETING": "hello"})

    def prepare(self, operation: str, platform: Platform, app: AppName) -> None:
        if operation == "build-args from-config":
            platform.store.config.change(app, {"CHANNEL": "stable"})
