from __future__ import annotations

from typing import ClassVar

from dokkupy.names import AppName, HostName
from dokkupy.platform import Platform
from dokkupy.testing.samples import Sample
from dokkupy.testing.suites import PluginContract
from dokkupy_domains import hosts
from dokkupy_domains.hosts import Chosen


class TestDomainsPlugin(PluginContract):
    name = "domains"
    samples: ClassVar = {
        "domains remove": Sample(("{app}", "www.{app}.test")),
        "domains remove-global": Sample(("example.test",)),
    }

    def use(self, platform: Platform, app: AppName) -> None:
        added = (HostName(f"www.{app}.test"),)
        hosts.decide(platform.store, app, Chosen(added=added, default=False))

    def prepare(self, operation: str, platform: Platform, app: AppName) -> None:
        if operation == "domains remove":
            self.use(platform, app)
        if operation == "domains remove-global":
            platform.store.meta.set("domain", "example.test")
