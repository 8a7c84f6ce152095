from __future__ import annotations

from dokkupy.testing.suites import PluginContract


class TestStaticPlugin(PluginContract):
    name = "static"
