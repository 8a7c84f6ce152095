"""Whether a plugin takes part in a root, and what the proxy serves in consequence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from dokkupy.errors import DokkupyError, ProxyRefused
from dokkupy.plugins import disabled_plugins, set_disabled_plugins
from dokkupy.properties import SUFFIX

if TYPE_CHECKING:
    from dokkupy.platform import Platform


def switch(platform: Platform, plugin: str, *, on: bool) -> None:
    """Let a plugin take part from now on, or leave it out; the proxy follows at once.

    Raises:
        ProxyRefused: with it the proxy cannot serve an app; all is as it was.
    """
    root = platform.paths.root
    before = disabled_plugins(root)
    after = before - {plugin} if on else before | {plugin}
    if after != before:
        platform.store.events.add("plugin.switched", data={"plugin": plugin, "on": on})
    _choose(platform, after)
    try:
        serve(platform)
    except DokkupyError:
        if on and after != before:
            _choose(platform, before)
            serve(platform)
        raise


def serve(platform: Platform) -> None:
    """Let a proxy that runs serve what the plugins of now contribute.

    Raises:
        ProxyRefused: an app is served as before, for its part was refused.
    """
    from dokkupy import routes

    before = platform.proxy.status()
    if not before.running:
        return
    routes.apply(platform)
    known = before.detail.splitlines()
    refused = [line for line in platform.proxy.status().detail.splitlines() if line not in known]
    if refused:
        raise ProxyRefused(
            "The proxy does not accept what the plugins contribute.",
            hint="See who adds what: dokkupy plugin hooks",
            detail="\n".join(refused),
        )


def stop_proxy(platform: Platform, plugin: str) -> bool:
    """Stop the proxy if it is this plugin's and runs; say whether it was."""
    first = next(iter(platform.hooks.implementations("register_proxies")), None)
    if first is None or first.plugin.name != plugin or not platform.proxy.status().running:
        return False
    platform.proxy.stop()
    return True


def forget(platform: Platform, plugin: str, nouns: Sequence[str]) -> int:
    """Remove what a plugin keeps under its nouns, settings too; return how many values.

    That it was disabled is forgotten too: it counts for a plugin that is there.
    """
    store = platform.store
    with store.write():
        kept_under = [name for noun in nouns for name in (noun, noun + SUFFIX)]
        gone = sum(store.documents.clear(name) for name in kept_under)
        store.events.add("plugin.uninstalled", data={"plugin": plugin, "forgotten": gone})
    set_disabled_plugins(platform.paths.root, disabled_plugins(platform.paths.root) - {plugin})
    return gone


def _choose(platform: Platform, disabled: Collection[str]) -> None:
    set_disabled_plugins(platform.paths.root, disabled)
    platform.hooks.forget()
    vars(platform).pop("proxy", None)
