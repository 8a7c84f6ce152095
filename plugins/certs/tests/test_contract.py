from __future__ import annotations

from dokkupy.names import AppName, HostName
from dokkupy.platform import Platform
from dokkupy.testing.suites import PluginContract
from dokkupy_certs import operations


class TestCertsPlugin(PluginContract):
    name = "certs"

    def use(self, platform: Platform, app: AppName) -> None:
        operations.generate(platform, app, [HostName(f"{app}.test")])

    def test_nothing_of_a_key_is_left_of_a_destroyed_app(self, platform: Platform) -> None:
        app = AppName("gone")
        platform.store.apps.create(app)
        self.use(platform, app)
        home = platform.paths.root / "certs"
        assert list(home.iterdir())
        platform.store.apps.destroy(app)
        platform.hooks.app_destroyed(app=app)
        assert not list(home.iterdir())
