from __future__ import annotations

from typing import ClassVar

from dokkupy.testing.suites import PluginContract


class TestRedisPlugin(PluginContract):
    name = "redis"
    unsampled: ClassVar = {
        "redis create": "it needs a real engine; test_service.py makes services",
        "redis mode": "it needs a service; test_service.py changes the mode",
    }
