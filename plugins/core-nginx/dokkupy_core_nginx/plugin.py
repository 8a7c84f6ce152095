"""What core-nginx adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from dokkupy import hookimpl

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.proxy import Proxy
    from dokkupy.types import PropertyGroup

PLUGIN_API: Final = ">=1,<2"


@hookimpl
def register_operations() -> Mapping[str, str]:
    """Add the noun `nginx`."""
    return {"nginx": "dokkupy_core_nginx.operations"}


@hookimpl
def register_properties() -> PropertyGroup:
    """Declare the settings under `nginx`."""
    from dokkupy_core_nginx.settings import GROUP

    return GROUP


@hookimpl
def register_proxies(platform: Platform) -> Proxy:
    """Give the nginx of the platform's root."""
    from dokkupy_core_nginx.proxy import NginxProxy
    from dokkupy_core_nginx.wishes import read

    return NginxProxy(
        platform.paths.proxy, lambda: read(platform), launcher=platform.paths.low_ports
    )
