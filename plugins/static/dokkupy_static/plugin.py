"""What static adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dokkupy import hookimpl

if TYPE_CHECKING:
    from dokkupy.builder import Builder

PLUGIN_API = ">=1,<2"


@hookimpl
def register_builders() -> Sequence[Builder]:
    """Add the builder of sites."""
    from dokkupy_static.builder import StaticBuilder

    return [StaticBuilder()]
