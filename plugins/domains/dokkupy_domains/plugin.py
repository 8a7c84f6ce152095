"""What domains adds to dokkupy; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dokkupy import hookimpl

if TYPE_CHECKING:
    from dokkupy.names import AppName, HostName
    from dokkupy.platform import Platform

PLUGIN_API = ">=1,<2"


@hookimpl
def register_operations() -> Mapping[str, str]:
    """Add the noun `domains`."""
    return {"domains": "dokkupy_domains.operations"}


@hookimpl
def vhosts(platform: Platform, app: AppName) -> Sequence[HostName]:
    """Give the hosts that were added to the app, and its default."""
    from dokkupy_domains import hosts

    return hosts.served(platform.store, app)
