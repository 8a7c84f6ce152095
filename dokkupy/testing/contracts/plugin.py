"""The contract of a plugin."""

from __future__ import annotations

from dokkupy.testing.contracts.plugin_apps import AppsContract
from dokkupy.testing.contracts.plugin_operations import OperationsContract
from dokkupy.testing.contracts.plugin_package import PackageContract


class PluginContract(PackageContract, OperationsContract, AppsContract):
    """Subclass it as `Test…` in the plugin's `tests/test_contract.py` and set `name`."""
