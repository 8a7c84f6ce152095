from __future__ import annotations

from dokkupy.names import AppName, HostName
from dokkupy.platform import Platform
from dokkupy.testing.suites import PluginContract
from dokkupy_domains import hosts
from dokkupy_domains.hosts import Chosen


class TestDomainsPlugin(PluginContract):
    name = "domains"

    def use(self, platform: Platform, app: AppName) -> None:
        added = (HostName(f"www.{app}.test"),)
        hosts.decide(platform.store, app, Chosen(added=added, default=False))
