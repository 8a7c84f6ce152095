"""What maintenance adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dokkupy import hookimpl

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform

PLUGIN_API = ">=1,<2"


@hookimpl
def register_operations() -> Mapping[str, str]:
    """Add the noun `maintenance`."""
    return {"maintenance": "dokkupy_maintenance.operations"}


@hookimpl
def nginx_render(platform: Platform, app: AppName) -> str | None:
    """Give the directives that answer every request with the page, while it is on."""
    from dokkupy_maintenance import keeping
    from dokkupy_maintenance.directives import render

    state = keeping.state(platform.store, app)
    return render(app, state) if state.since is not None else None
