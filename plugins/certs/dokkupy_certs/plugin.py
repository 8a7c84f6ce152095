"""What certs adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dokkupy import hookimpl

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.types import Certificate

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
def app_destroyed(platform: Platform) -> None:
    """Remove the files of an app that is gone."""
    from dokkupy_certs import keeping

    with platform.store.write():
        keeping.sweep(platform)
