from __future__ import annotations

from typing import ClassVar

from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.testing.contracts.plugin import PluginContract
from dokkupy.testing.contracts.proxy_traffic import ProxyTrafficContract


class TestCoreNginxPlugin(PluginContract):
    name = "core-nginx"
    unsampled: ClassVar = {"nginx show-config": "the fake proxy writes no configuration"}

    def use(self, platform: Platform, app: AppName) -> None:
        platform.properties.set("nginx", app, "access-log", "on")


class TestNginxProxy(ProxyTrafficContract):
    """In conftest.py is the bench on which an nginx of our own is tested."""
