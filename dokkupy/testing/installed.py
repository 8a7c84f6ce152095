"""The contract of a plugin, held against whichever installed one `--dokkupy-plugin` names.

`dokkupy.testing.verify` runs it; a plugin's own tests subclass the contract instead.
"""

from __future__ import annotations

import pytest

from dokkupy.testing.contracts.plugin import PluginContract


class TestInstalledPlugin(PluginContract):
    """The generic case: nothing is known of the plugin but its name."""

    samples_required = False

    @pytest.fixture(autouse=True)
    def _named(self, request: pytest.FixtureRequest) -> None:
        type(self).name = request.config.getoption("dokkupy_plugin")
        assert self.name, "--dokkupy-plugin names no plugin"
