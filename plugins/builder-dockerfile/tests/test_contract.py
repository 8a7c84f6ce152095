from __future__ import annotations

from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.testing.suites import PluginContract
from dokkupy_builder_dockerfile import build_args


class TestBuilderDockerfilePlugin(PluginContract):
    name = "builder-dockerfile"

    def use(self, platform: Platform, app: AppName) -> None:
        build_args.change(platform.store, app, {"GREETING": "hello"})
