"""Taking a plugin out: first out of what is served, then out of the environment."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from dokkupy.errors import DokkupyError, Refused
from dokkupy.installing import fresh, objections
from dokkupy.installing.distribution import installed
from dokkupy.installing.environment import Environment
from dokkupy.installing.install import mended
from dokkupy.installing.locking import pause_deploys
from dokkupy.installing.results import Uninstalled
from dokkupy.installing.swap import Backup, uninterrupted
from dokkupy.types import Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dokkupy.paths import Paths
    from dokkupy.plugins import PluginState
    from dokkupy.types import Stream

VITAL: Final = {
    "register_proxies": "the only proxy: no app is reached without it",
    "register_builders": "the only builder: no push is built without it",
}
"""Hook -> what is lost with the last plugin that implements it."""


def refuse_vital(plugin: PluginState, others: Iterable[PluginState], *, apps: bool) -> None:
    """Make sure that what every app needs does not go with a plugin.

    Raises:
        Refused: it is the last that provides it.
    """
    enabled = [one for one in others if one.state == "enabled" and one.name != plugin.name]
    for hook, loss in VITAL.items():
        if apps and hook in plugin.hooks and not any(hook in one.hooks for one in enabled):
            raise Refused(
                f"{plugin.title} is {loss}.",
                hint=f"dokkupy plugin uninstall {plugin.name} --force",
            )


def refuse_in_use(plugin: PluginState, services: Sequence[str]) -> None:
    """Make sure that no service is left that nobody could stop, back up or link any more.

    Raises:
        Refused: there are some of a kind that the plugin knows.
    """
    if services:
        first = services[0]
        raise Refused(
            f"{plugin.title} runs {', '.join(services)}.",
            hint=f"dokkupy {first.replace(' ', ' destroy ', 1)}, or: "
            f"dokkupy plugin uninstall {plugin.name} --force",
        )


def uninstall(
    paths: Paths, actor: str, plugin: PluginState, *, forget: Sequence[str], force: bool
) -> Stream[Uninstalled]:
    """Take a plugin out; `forget` names the nouns whose documents go too.

    Raises:
        Refused: something that is installed needs it.
        PluginError: the installer failed; the plugin is back.
    """
    environment = Environment.here(paths.root, "plugin", "uninstall", plugin.name)
    name = plugin.distribution
    with environment.locked(what=f"plugin uninstall {plugin.name}", actor=actor):
        yield from mended(environment)
        needed = objections.dependants(name, installed())
        if needed and not force:
            raise Refused(
                f"{', '.join(needed)} cannot be without {name}.",
                hint=f"dokkupy plugin uninstall {plugin.name} --force",
            )
        was_on = plugin.state != "disabled"
        if was_on and paths.state_db.exists():
            # Nobody could ask it to stop once its plugin has gone.
            if fresh.ask(paths.root, "stop-proxy", actor=actor, plugin=plugin.name):
                text = "Stopped the proxy; where there is another one: dokkupy up"
                yield Line(text=text, stream="warning")
            fresh.switch(paths.root, actor, plugin.name, on=False)
            yield Line(text=f"Disabled {plugin.name}", stream="progress")
        try:
            with ExitStack() as held:
                yield from pause_deploys(held, paths, actor, f"plugin uninstall {plugin.name}")
                _removed(environment, name)
        except DokkupyError:
            if was_on and paths.state_db.exists():
                fresh.switch(paths.root, actor, plugin.name, on=True)
            raise
    if paths.state_db.exists():
        fresh.ask(paths.root, "forget", actor=actor, plugin=plugin.name, nouns=list(forget))
    return Uninstalled(
        name=plugin.name,
        distribution=name,
        version=plugin.version,
        purged=bool(forget),
    )


def _removed(environment: Environment, name: str) -> None:
    installer = environment.installer
    with uninterrupted():
        with environment.user.acting():
            backup = Backup.keep(environment.prefix, environment.modules, [name])
        try:
            installer.run(installer.removing([name]), offline=True)
        except BaseException:
            with environment.user.acting():
                backup.restore()
            raise
        with environment.user.acting():
            backup.discard()
