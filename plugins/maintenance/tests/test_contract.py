from __future__ import annotations

from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.testing.suites import PluginContract
from dokkupy_maintenance import keeping


class TestMaintenancePlugin(PluginContract):
    name = "maintenance"

    def use(self, platform: Platform, app: AppName) -> None:
        keeping.switch(platform.store, app, 60)
        keeping.set_page(platform.store, app, "<h1>closed</h1>")
