"""What basic-auth adds to dokkupy; imports nothing heavy."""

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
    """Add the noun `basic-auth`."""
    return {"basic-auth": "dokkupy_basic_auth.operations"}


@hookimpl
def nginx_render(platform: Platform, app: AppName) -> str | None:
    """Give the directives that ask visitors for a name and a password, while it is on."""
    from dokkupy_basic_auth import keeping
    from dokkupy_basic_auth.directives import render

    gate = keeping.gate(platform.store, app)
    return render(app, gate, keeping.file_of(platform.paths, gate)) if gate.on else None


@hookimpl
def app_cloned(platform: Platform, app: AppName, origin: AppName) -> None:
    """Ask the visitors of a clone too: what was not for everybody is not by being copied."""
    from dokkupy_basic_auth import keeping

    keeping.copy(platform.store, origin, app)


@hookimpl
def app_destroyed(platform: Platform) -> None:
    """Remove the password file of an app that is gone."""
    from dokkupy_basic_auth import keeping

    with platform.store.write():
        keeping.sweep(platform)
