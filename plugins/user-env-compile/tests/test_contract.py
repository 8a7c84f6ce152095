from __future__ import annotations

from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.testing.suites import PluginContract
from dokkupy_user_env_compile import variables


class TestUserEnvCompilePlugin(PluginContract):
    name = "user-env-compile"

    def use(self, platform: Platform, app: AppName) -> None:
        variables.change(platform.store, app, {"NPM_CONFIG_LOGLEVEL": "warn"})
