"""What redirects adds to dokkupy; imports nothing heavy."""

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
    """Add the noun `redirects`."""
    return {"redirects": "dokkupy_redirects.operations"}


@hookimpl
def nginx_render(platform: Platform, app: AppName) -> str | None:
    """Give the directives that send visitors of some hosts of the app elsewhere."""
    from dokkupy_redirects import keeping
    from dokkupy_redirects.directives import render

    redirects = keeping.of_app(platform.store, app)
    return render(redirects, platform.hooks.vhosts(app=app)) if redirects else None
