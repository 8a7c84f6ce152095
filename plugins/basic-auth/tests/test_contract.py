from __future__ import annotations

from typing import ClassVar

from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.testing.samples import SECRET, Sample
from dokkupy.testing.suites import PluginContract
from dokkupy_basic_auth import keeping
from dokkupy_basic_auth.keeping import Gate
from dokkupy_basic_auth.openings import Opening

USERS = {"anna": "$6$salt$hash", "bela": "$6$salt$other"}


class TestBasicAuthPlugin(PluginContract):
    name = "basic-auth"
    samples: ClassVar = {
        "basic-auth add": Sample(("{app}", "carl"), f"{SECRET}\n".encode()),
        "basic-auth remove": Sample(("{app}", "anna")),
        "basic-auth open": Sample(("{app}", "/status", "192.0.2.0/24")),
        "basic-auth close": Sample(("{app}", "/health")),
    }

    def use(self, platform: Platform, app: AppName) -> None:
        gate = Gate(on=True, users=USERS, openings=(Opening("/health"),))
        with platform.store.write():
            keeping.put(platform, app, gate)

    def prepare(self, operation: str, platform: Platform, app: AppName) -> None:
        self.use(platform, app)
