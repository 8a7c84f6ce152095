"""The contract suites under one name; subclass the one of the seam that is implemented."""

from __future__ import annotations

from dokkupy.testing.contracts.builder import BuilderContract
from dokkupy.testing.contracts.engine import EngineContract
from dokkupy.testing.contracts.plugin import PluginContract
from dokkupy.testing.contracts.proxy import ProxyContract
from dokkupy.testing.contracts.proxy_sites import SitesContract
from dokkupy.testing.contracts.proxy_traffic import ProxyTrafficContract
from dokkupy.testing.contracts.scheduler import SchedulerContract
from dokkupy.testing.contracts.service import DumpingServiceContract, ServiceContract
from dokkupy.testing.contracts.vault import VaultContract

__all__ = [
    "BuilderContract",
    "DumpingServiceContract",
    "EngineContract",
    "PluginContract",
    "ProxyContract",
    "ProxyTrafficContract",
    "SchedulerContract",
    "ServiceContract",
    "SitesContract",
    "VaultContract",
]
