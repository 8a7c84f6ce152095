"""The operations `plugin …`: what is installed, what takes part, and why something does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from dokkupy.errors import NotFound
from dokkupy.operations.registry import Help, operation
from dokkupy.plugins import PluginState, disabled_plugins, set_disabled_plugins

if TYPE_CHECKING:
    from dokkupy.platform import Platform

NAME = Help("The plugin, as `plugin list` names it")


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginRow:
    """One line of `plugin list`."""

    name: str
    version: str
    state: str
    hooks: int
    """How many it implements."""
    reason: str
    """Why it does not take part, and what mends that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginDetails:
    """Everything known of one plugin."""

    name: str
    distribution: str
    version: str
    state: str
    reason: str
    remedy: str
    module: str
    hooks: tuple[str, ...]
    commands: tuple[str, ...]
    settings: tuple[str, ...]
    """Nouns under which it declares settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRow:
    """One implementation of a hook, in the order of the calls."""

    hook: str
    place: int
    """Counts from 1 within the hook."""
    plugin: str
    version: str


@operation(
    summary="List the installed plugins",
    name="list",
    reads=True,
    default=True,
    empty="No plugins yet. Get the bundled ones: pip install 'dokkupy[standard]'",
)
def list_(platform: Platform) -> list[PluginRow]:
    """List every installed plugin, the ones that take no part with the reason and the remedy."""
    return [
        PluginRow(
            name=plugin.name,
            version=plugin.version,
            state=plugin.state,
            hooks=len(plugin.hooks),
            reason=f"{plugin.reason} -> {plugin.remedy}" if plugin.reason else "",
        )
        for plugin in platform.hooks.plugins
    ]


@operation(summary="Show everything about one plugin", reads=True)
def show(platform: Platform, name: Annotated[str, NAME]) -> PluginDetails:
    """Show a plugin's distribution, state, hooks, commands and settings."""
    plugin = _known(platform, name)
    index = platform.hooks.index
    return PluginDetails(
        name=plugin.name,
        distribution=plugin.distribution,
        version=plugin.version,
        state=plugin.state,
        reason=plugin.reason,
        remedy=plugin.remedy,
        module=plugin.module,
        hooks=plugin.hooks,
        commands=tuple(
            command.title
            for verbs in index.commands.values()
            for command in verbs.values()
            if command.plugin == plugin.name
        ),
        settings=tuple(noun for noun, owner in index.properties.items() if owner == plugin.name),
    )


@operation(summary="Show who implements each hook, in the order of the calls", reads=True)
def hooks(platform: Platform) -> list[HookRow]:
    """List the implementations of every hook in the order in which they are called.

    That is the order of plugin names, `tryfirst` ones before and `trylast` ones after the rest.
    """
    names = sorted({hook for plugin in platform.hooks.plugins for hook in plugin.hooks})
    return [
        HookRow(hook=hook, place=place, plugin=item.plugin.name, version=item.plugin.version)
        for hook in names
        for place, item in enumerate(platform.hooks.implementations(hook), start=1)
    ]


@operation(summary="Leave a plugin out from now on")
def disable(platform: Platform, name: Annotated[str, NAME]) -> PluginDetails:
    """Stop importing a plugin in this root; what it has stored stays."""
    _known(platform, name)
    return _switched(platform, name, {*disabled_plugins(platform.paths.root), name})


@operation(summary="Let a disabled plugin take part again")
def enable(platform: Platform, name: Annotated[str, NAME]) -> PluginDetails:
    """Import a plugin again that `plugin disable` left out."""
    _known(platform, name)
    return _switched(platform, name, disabled_plugins(platform.paths.root) - {name})


def _switched(platform: Platform, name: str, disabled: set[str] | frozenset[str]) -> PluginDetails:
    platform.store.events.add("plugin.switched", data={"plugin": name, "on": name not in disabled})
    set_disabled_plugins(platform.paths.root, disabled)
    platform.hooks.forget()
    return show(platform, name)


def _known(platform: Platform, name: str) -> PluginState:
    plugins = {plugin.name: plugin for plugin in platform.hooks.plugins}
    if name not in plugins:
        raise NotFound(
            f"There is no plugin {name!a}.", hint=f"Installed: {', '.join(plugins) or 'none'}."
        )
    return plugins[name]
