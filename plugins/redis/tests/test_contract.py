from __future__ import annotations

from typing import ClassVar

from dokkupy.testing.suites import PluginContract


class TestRedisPlugin(PluginContract):
    name = "redis"
    unsampled: ClassVar = {"redis mode": "it needs a service; test_service.py changes the mode"}
