from __future__ import annotations

from typing import ClassVar

from dokkupy.names import AppName, HostName
from dokkupy.platform import Platform
from dokkupy.testing.samples import Sample
from dokkupy.testing.suites import PluginContract
from dokkupy_redirects import keeping
from dokkupy_redirects.keeping import Redirect


class TestRedirectsPlugin(PluginContract):
    name = "redirects"
    samples: ClassVar = {
        "redirects set": Sample(("{app}", "{app}.example.test", "www.elsewhere.test")),
        "redirects unset": Sample(("{app}", "{app}.example.test")),
    }

    def use(self, platform: Platform, app: AppName) -> None:
        www, bare = HostName(f"www.{app}.test"), HostName(f"{app}.test")
        keeping.put(platform.store, Redirect(app=app, host=www, to=bare, code=301))
