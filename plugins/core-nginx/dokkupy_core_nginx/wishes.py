"""What a root wants of its proxy beside routes, read from its state and its plugins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dokkupy.names import AppName
from dokkupy_core_nginx.settings import DEFAULTS, NOUN, Settings, settings_of

if TYPE_CHECKING:
    from dokkupy.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Ports, settings, and directives of plugins."""

    http_port: int
    https_port: int
    addresses: tuple[str, ...]
    """IP addresses to listen on; `none` among them is passed over."""
    defaults: Settings = DEFAULTS
    settings: Mapping[str, Settings] = field(default_factory=dict)
    """Those of the apps that have any of their own."""
    snippets: Callable[[AppName], Mapping[str, str]] = lambda _: {}
    """Plugin -> directives for an app's `server` block; may raise what a plugin raises."""


def read(platform: Platform) -> Wishes:
    """Return what the root of `platform` wants now."""
    meta, properties = platform.store.meta, platform.properties
    shared = properties.values(NOUN, "")
    return Wishes(
        http_port=int(meta.get("http_port", "80")),
        https_port=int(meta.get("https_port", "443")),
        addresses=(str(shared["bind-address-ipv4"]), str(shared["bind-address-ipv6"])),
        defaults=settings_of(shared),
        settings={
            app: settings_of(properties.values(NOUN, app)) for app in properties.scopes(NOUN) if app
        },
        snippets=lambda app: platform.hooks.nginx_render(app=app),
    )
