from __future__ import annotations

from typing import ClassVar

from dokkupy.testing.contracts.plugin import PluginContract
from dokkupy.testing.samples import Sample


class TestStackPlugin(PluginContract):
    name = "stack"
    unsampled: ClassVar = {"stack ensure": "it makes whole systems out of packages"}
    samples: ClassVar = {"stack show": Sample(("python",))}
