"""The operations `plugin …`: what is installed, what takes part, and why something does not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from dokkupy.errors import NotFound, Refused
from dokkupy.installing.results import Installed, Uninstalled, Verdict
from dokkupy.operations.registry import Help, operation
from dokkupy.plugins import PluginState
from dokkupy.scaffold import NewPlugin, PluginName

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.types import Feed, Stream

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
    """Stop importing a plugin in this root; what it has stored stays.

    A proxy that runs serves at once what the other plugins contribute.
    """
    return _switched(platform, name, on=False)


@operation(summary="Let a disabled plugin take part again")
def enable(platform: Platform, name: Annotated[str, NAME]) -> PluginDetails:
    """Import a plugin again that `plugin disable` left out.

    Raises:
        ProxyRefused: the proxy does not accept what it contributes; it stays disabled.
    """
    return _switched(platform, name, on=True)


@operation(summary="Install a plugin, verified before it takes part", as_caller=True)
def install(
    platform: Platform,
    what: Annotated[str, Help("NAME, NAME==VERSION, a wheel, a project's folder, a git URL")],
    *,
    upgrade: Annotated[bool, Help("Take the newest version if one is installed")] = False,
    unverified: Annotated[bool, Help("Do not hold it to the contract of plugins")] = False,
) -> Stream[Installed]:
    """Install a plugin into the environment that runs this dokkupy, with its pip or uv.

    It is fetched into a folder of its own, loaded there by a fresh Python beside everything that
    is installed, and held to its contract. Only then is it installed, and takes part at once; an
    upgraded one that was disabled stays so. Nothing that is installed changes its version but the
    plugin itself. When any step fails, all is exactly as it was.

    Raises:
        UsageError: nothing can be meant by that.
        Refused: it needs other versions than are installed, breaks another plugin, or fails.
        Locked: somebody else is installing.
        PluginError: it could not be had or installed.
    """
    from dokkupy.installing import reference
    from dokkupy.installing.install import Installation

    return Installation(
        paths=platform.paths,
        actor=platform.actor,
        wanted=reference.parse(what),
        upgrade=upgrade,
        unverified=unverified,
    ).run()


@operation(summary="Uninstall a plugin", as_caller=True)
def uninstall(
    platform: Platform,
    name: Annotated[str, NAME],
    *,
    purge: Annotated[bool, Help("Remove what it keeps for apps too")] = False,
    force: Annotated[bool, Help("Even if it is the only proxy or builder, or is in use")] = False,
) -> Stream[Uninstalled]:
    """Disable a plugin, then take it out of the environment that runs this dokkupy.

    Its settings and what it keeps for apps stay unless `--purge` is given.

    Raises:
        NotFound: it is not installed.
        Refused: nothing would serve or build apps, or look after services, without it, or
            something needs it.
        Locked: somebody else is installing.
    """
    from dokkupy.installing.uninstall import refuse_in_use, refuse_vital, uninstall
    from dokkupy.installing.user import User

    with User.owning(platform.paths.root).acting():
        plugin = _known(platform, name)
        apps = platform.paths.state_db.exists() and bool(platform.store.apps.list())
        nouns = _nouns(platform, plugin) if purge else []
        services = _services(platform, plugin) if platform.paths.state_db.exists() else []
        plugins = platform.hooks.plugins
        platform.close()
    if not force:
        refuse_vital(plugin, plugins, apps=apps)
        refuse_in_use(plugin, services)
    return uninstall(platform.paths, platform.actor, plugin, forget=nouns, force=force)


@operation(summary="Hold an installed plugin to the contract of plugins", reads=True)
def verify(platform: Platform, name: Annotated[str, NAME]) -> Feed[Verdict]:
    """Run the contract suite against a plugin as it is installed, on a root of its own.

    Each capability has passed, has failed or was skipped, with the reason. It needs the extra
    `dokkupy[testing]`.

    Raises:
        NotFound: it is not installed.
        PluginError: a capability failed, or the suite could not be run.
    """
    from dokkupy.installing.verifying import verify

    yield from verify(platform.paths.root, _known(platform, name))


@operation(summary="Write the project of a new plugin", as_caller=True)
def new(
    platform: Platform,  # noqa: ARG001 - every operation has it
    name: Annotated[PluginName, Help("Its name: lower-case words joined by dashes")],
    *,
    kind: Annotated[
        Literal["minimal", "builder", "proxy", "service"], Help("What it shall do")
    ] = "minimal",
    folder: Annotated[Path | None, Help("Where; by default dokkupy-plugin-NAME here")] = None,
) -> NewPlugin:
    """Write a package whose contract tests pass at once: code, README, tests, tox.ini.

    Raises:
        Conflict: the folder is there already, or an installed plugin has that name.
    """
    from dokkupy.scaffold.writing import write

    return write(name, kind, folder)


def _switched(platform: Platform, name: str, *, on: bool) -> PluginDetails:
    from dokkupy.installing.switching import switch

    _known(platform, name)
    switch(platform, name, on=on)
    return show(platform, name)


def _services(platform: Platform, plugin: PluginState) -> list[str]:
    """Return the services of the kinds that a plugin knows."""
    from dokkupy.services import service as services

    kinds = {noun for noun, owner in platform.hooks.index.services.items() if owner == plugin.name}
    return [one.title for one in services.every(platform) if one.noun in kinds]


def _nouns(platform: Platform, plugin: PluginState) -> list[str]:
    """Return under which nouns a plugin keeps documents: those that nobody else has.

    Raises:
        Refused: it takes no part, and nobody else can tell.
    """
    if plugin.state != "enabled":
        raise Refused(
            f"{plugin.title} is {plugin.state}, so what it keeps is not known.",
            hint=f"dokkupy plugin enable {plugin.name}, or uninstall it without --purge",
        )
    index = platform.hooks.index
    owners: dict[str, set[str]] = {}
    for noun, verbs in index.commands.items():
        owners.setdefault(noun, set()).update(command.plugin for command in verbs.values())
    own = {noun for noun, having in owners.items() if having == {plugin.name}}
    others = owners.keys() - own
    return sorted({*own, plugin.name} - others)


def _known(platform: Platform, name: str) -> PluginState:
    plugins = {plugin.name: plugin for plugin in platform.hooks.plugins}
    if name not in plugins:
        raise NotFound(
            f"There is no plugin {name!a}.", hint=f"Installed: {', '.join(plugins) or 'none'}."
        )
    return plugins[name]
