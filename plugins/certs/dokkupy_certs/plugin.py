"""What certs adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dokkupy import hookimpl

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.types import Certificate, Event

PLUGIN_API = ">=1,<2"


@hookimpl
def register_operations() -> Mapping[str, str]:
    """Add the noun `certs`."""
    return {"certs": "dokkupy_certs.operations"}


@hookimpl
def certificate_for(platform: Platform, app: AppName) -> Certificate | None:
    """Give the certificate that was added to the app or generated for it."""
    from dokkupy_certs import keeping

    return keeping.certificate(platform, app)


@hookimpl
def on_event(platform: Platform, event: Event) -> None:
    """Remove the files of an app that was destroyed."""
    if event.verb == "app.destroyed":
        from dokkupy_certs import keeping

        with platform.store.write():
            keeping.sweep(platform)
