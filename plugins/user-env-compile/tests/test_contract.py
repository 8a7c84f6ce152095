from __future__ import annotations

from typing import ClassVar

from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.testing.samples import Sample
from dokkupy.testing.suites import PluginContract
from dokkupy_user_env_compile import variables


class TestUserEnvCompilePlugin(PluginContract):
    name = "user-env-compile"
    # Each of them answers with the values that builds get now.
    shows_secrets = frozenset(f"build-env {verb}" for verb in ("get", "list", "set", "unset"))
    samples: ClassVar = {"build-env get": Sample(("{app}", "NPM_CONFIG_LOGLEVEL"))}

    def use(self, platform: Platform, app: AppName) -> None:
        variables.change(platform.store, app, {"NPM_CONFIG_LOGLEVEL": "warn"})
