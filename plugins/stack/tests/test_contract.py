from __future__ import annotations

from dokkupy.testing.contracts.plugin import PluginContract


class TestStackPlugin(PluginContract):
    name = "stack"
