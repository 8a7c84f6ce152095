"""The typed way to call hooks: results merged, failures attributed and held to their policy.

Implementations run in the order of plugin names, `tryfirst` ones before and `trylast` ones after
the others. A call imports the plugins that implement this hook and no other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from dokkupy.core_properties import CORE_PROPERTIES
from dokkupy.errors import DokkupyError, NotFound, PluginError
from dokkupy.implementation import Implementation
from dokkupy.index import Index, current, folder
from dokkupy.names import HostName
from dokkupy.plugins import Loaded, PluginState, Selection, load, selection, validated
from dokkupy.types import BuildOptions, Certificate, ContainerOptions, EnvLayer, PropertyGroup

if TYPE_CHECKING:
    from pluggy import HookImpl

    from dokkupy.builder import Builder
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.proxy import Proxy
    from dokkupy.services.kind import ServiceKind
    from dokkupy.types import Build, Event, Failure, Instance, Mount, Phase, Release, Source

_PLAIN: Final = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/?)+")
"""Paths below the root that mean nothing else to anybody who must write them down."""

_PROGRAM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


class Hooks:
    """Every hook as a method, under the hook's own name.

    `only` restricts the plugins, as `DOKKUPY_PLUGINS` does when it is None. What may not
    stop the caller (isolated hooks, plugins that turn out to be broken) is given to
    `on_warning`, when somebody has set it, and stays in `warnings`.
    """

    def __init__(self, platform: Platform, only: Sequence[str] | None = None) -> None:
        self._platform = platform
        self._only = only
        self.on_warning: Callable[[DokkupyError], None] | None = None
        self._loaded: dict[str, Loaded] = {}
        self._added: dict[str, Loaded] = {}
        self._found: dict[tuple[str, str], list[Implementation]] = {}
        self._warned = False
        self.warnings: list[DokkupyError] = []

    @cached_property
    def index(self) -> Index:
        """What the selected plugins offer."""
        root = self._platform.paths.root
        chosen = selection(root, os.environ.get("DOKKUPY_PLUGINS"))
        if self._only is not None:
            chosen = Selection(only=frozenset(self._only), disabled=chosen.disabled)
        return current(folder(root), chosen)

    def forget(self) -> None:
        """Look at the plugins anew at the next call; the choice of plugins has changed."""
        self.__dict__.pop("index", None)
        self._loaded.clear()
        self._found.clear()

    def add(self, name: str, module: ModuleType) -> None:
        """Let a module take part that no distribution installs, for tests and embedding.

        Raises:
            PluginError: its hooks do not fit their specifications.
        """
        plugin = PluginState(
            name=name, distribution="added by hand", version="0", module=module.__name__
        )
        loaded = validated(plugin, module)
        if loaded.module is None:
            raise PluginError(f"The plugin {name} is broken: {loaded.plugin.reason}")
        self._added[name] = loaded
        self._found.clear()

    @property
    def plugins(self) -> tuple[PluginState, ...]:
        """Every plugin by name, the ones that take no part too."""
        added = (loaded.plugin for loaded in self._added.values())
        return tuple(sorted((*self.index.plugins, *added), key=lambda plugin: plugin.name))

    def implementations(self, hook: str, plugin_name: str = "") -> list[Implementation]:
        """Return who implements a hook, in the order of the calls; all, or one plugin's.

        The first call warns of every plugin that should take part and cannot.
        """
        if (hook, plugin_name) not in self._found:
            self._warn_of_the_missing()
            self._found[hook, plugin_name] = self._look_up(hook, plugin_name)
        return self._found[hook, plugin_name]

    def _look_up(self, hook: str, plugin_name: str) -> list[Implementation]:
        found = [
            Implementation(
                plugin=plugin,
                hook=hook,
                function=item.function,
                arguments=tuple(item.argnames),
                place=item.trylast - item.tryfirst,
            )
            for plugin in self.plugins
            if hook in plugin.hooks and plugin_name in ("", plugin.name)
            for item in self._hooks_of(plugin).get(hook, ())
        ]
        return sorted(found, key=lambda item: (item.place, item.plugin.name))

    def _hooks_of(self, plugin: PluginState) -> Mapping[str, tuple[HookImpl, ...]]:
        if plugin.name in self._added:
            return self._added[plugin.name].hooks
        if plugin.name not in self._loaded:
            loaded = load(plugin)
            if loaded.module is None:
                self.warn(
                    PluginError(
                        f"The plugin {plugin.title} is left out: {loaded.plugin.reason}",
                        hint=loaded.plugin.remedy,
                    )
                )
            self._loaded[plugin.name] = loaded
        return self._loaded[plugin.name].hooks

    def _warn_of_the_missing(self) -> None:
        if self._warned:
            return
        self._warned = True
        for plugin in self.index.plugins:
            if plugin.state in ("broken", "incompatible"):
                self.warn(
                    PluginError(
                        f"The plugin {plugin.title} is {plugin.state} and left out: "
                        f"{plugin.reason}",
                        hint=plugin.remedy,
                    )
                )

    def warn(self, error: DokkupyError) -> None:
        """Tell of a failure that stops nothing."""
        self.warnings.append(error)
        if self.on_warning is not None:
            self.on_warning(error)

    def _each(self, hook: str, **given: object) -> Iterator[tuple[Implementation, Any]]:
        """Call everybody, the first exception ends it: contribute and veto."""
        for item in self.implementations(hook):
            yield item, item.call({"platform": self._platform, **given})

    def _tolerant(self, hook: str, **given: object) -> Iterator[tuple[Implementation, Any]]:
        """Call everybody, an exception becomes a warning: register and isolated."""
        for item in self.implementations(hook):
            try:
                answer = item.call({"platform": self._platform, **given})
            except DokkupyError as error:
                self.warn(error)
            else:
                yield item, answer

    # Registrations: a plugin that fails is left out.

    def register_builders(self) -> list[Builder]:
        """Return the builders of every plugin."""
        return [one for _, found in self._tolerant("register_builders") for one in found or ()]

    def register_proxies(self) -> list[Proxy]:
        """Return the proxy of every plugin that has one."""
        return [proxy for _, proxy in self._tolerant("register_proxies") if proxy is not None]

    def register_properties(self, noun: str) -> PropertyGroup:
        """Return the settings declared under `noun`.

        Raises:
            NotFound: no enabled plugin has settings under it.
        """
        if noun in CORE_PROPERTIES:
            return CORE_PROPERTIES[noun]
        owner = self.index.properties.get(noun, "")
        for item in self.implementations("register_properties", owner):
            group = item.call({})
            if isinstance(group, PropertyGroup) and group.noun == noun:
                return group
        raise NotFound(f"Nothing has settings under {noun!r}.", hint="dokkupy plugin list")

    def register_services(self, noun: str) -> ServiceKind:
        """Return the kind of service that has its operations under `noun`.

        Raises:
            NotFound: no enabled plugin has it.
        """
        for kind in self.services(self.index.services.get(noun, "")):
            if kind.noun == noun:
                return kind
        raise NotFound(f"There is no kind of service {noun!a}.", hint="dokkupy plugin list")

    def services(self, plugin_name: str = "") -> list[ServiceKind]:
        """Return the kinds of service of all plugins, or of one."""
        return [item.call({}) for item in self.implementations("register_services", plugin_name)]

    # Decisions: the first answer counts, an exception aborts.

    def provide_image(self, *, reference: str, on_line: Callable[[str], None]) -> bool:
        """Ask for a base image that the engine lacks; say whether it is there now."""
        calls = self._each("provide_image", reference=reference, on_line=on_line)
        return next((bool(answer) for _, answer in calls if answer is not None), False)

    def certificate_for(self, *, app: AppName) -> Certificate | None:
        """Return the certificate with which an app is served over https.

        Raises:
            PluginError: its files are not in a place of the root that a proxy can name.
        """
        for item, answer in self._each("certificate_for", app=app):
            if answer is not None:
                self._check_certificate(item, answer)
                return answer  # type: ignore[no-any-return]  # just checked
        return None

    def _check_certificate(self, item: Implementation, answer: object) -> None:
        if not isinstance(answer, Certificate):
            raise item.error(f"gave {type(answer).__name__} instead of Certificate")
        for file in (answer.chain, answer.key):
            inside = file.is_relative_to(self._platform.paths.root)
            if not inside or not _PLAIN.fullmatch(str(file.relative_to(self._platform.paths.root))):
                raise item.error(f"gave a certificate in a place that cannot be: {str(file)!a}")

    # Contributions: merged, an exception aborts before anything has changed.

    def env_compile(self, *, app: AppName, phase: Phase) -> list[EnvLayer]:
        """Return every plugin's layers for one app in one phase.

        Raises:
            PluginError: two plugins set a key at one rank to different values.
        """
        layers: list[EnvLayer] = []
        owners: dict[tuple[int, str], tuple[Implementation, str]] = {}
        for item, answer in self._each("env_compile", app=app, phase=phase):
            for layer in answer or ():
                if not isinstance(layer, EnvLayer):
                    raise item.error(f"gave {type(layer).__name__} instead of EnvLayer")
                layers.append(layer)
                for key, value in layer.values.items():
                    owner, other = owners.setdefault((layer.rank, key), (item, value))
                    if owner.plugin != item.plugin and other != value:
                        raise PluginError(
                            f"The plugins {owner.plugin.title} and {item.plugin.title} set {key} "
                            f"to different values at the rank {layer.rank.name}.",
                            hint=f"{owner.plugin.disable}, or {item.plugin.disable}",
                        )
        return layers

    def build_options(self, *, app: AppName) -> BuildOptions:
        """Return the programs that plugins put first in the `PATH` of an app's builds.

        Raises:
            PluginError: two plugins give one name to different programs.
        """
        programs: dict[str, tuple[Implementation, bytes]] = {}
        for item, answer in self._each("build_options", app=app):
            if answer is None:
                continue
            if not isinstance(answer, BuildOptions):
                raise item.error(f"gave {type(answer).__name__} instead of BuildOptions")
            for name, content in answer.programs.items():
                if not _PROGRAM.fullmatch(name):
                    raise item.error(f"gave a program a name that cannot be: {name!a}")
                owner, other = programs.setdefault(name, (item, content))
                if other != content:
                    raise PluginError(
                        f"The plugins {owner.plugin.title} and {item.plugin.title} both give "
                        f"builds a program {name}.",
                        hint=f"{owner.plugin.disable}, or {item.plugin.disable}",
                    )
        return BuildOptions(programs={name: content for name, (_, content) in programs.items()})

    def container_options(self, *, app: AppName, process: str) -> ContainerOptions:
        """Return the networks and mounts that plugins add to a container of an app.

        Raises:
            PluginError: two plugins mount something at the same path.
        """
        networks: dict[str, None] = {}
        mounts: dict[str, tuple[Implementation, Mount]] = {}
        for item, answer in self._each("container_options", app=app, process=process):
            if answer is None:
                continue
            if not isinstance(answer, ContainerOptions):
                raise item.error(f"gave {type(answer).__name__} instead of ContainerOptions")
            networks |= dict.fromkeys(answer.networks)
            for mount in answer.mounts:
                owner, _ = mounts.setdefault(mount.target, (item, mount))
                if owner is not item:
                    raise PluginError(
                        f"The plugins {owner.plugin.title} and {item.plugin.title} both mount "
                        f"something at {mount.target}.",
                        hint=f"{owner.plugin.disable}, or {item.plugin.disable}",
                    )
        found = tuple(mount for _, mount in mounts.values())
        return ContainerOptions(networks=tuple(networks), mounts=found)

    def vhosts(self, *, app: AppName) -> list[HostName]:
        """Return the hosts of an app, each once, in the order of plugins."""
        hosts: dict[HostName, None] = {}
        for item, answer in self._each("vhosts", app=app):
            for host in answer or ():
                if not isinstance(host, HostName):
                    raise item.error(f"gave {type(host).__name__} instead of HostName")
                hosts[host] = None
        return list(hosts)

    def nginx_render(self, *, app: AppName) -> dict[str, str]:
        """Return plugin name -> directives for the app's `server` block."""
        snippets: dict[str, str] = {}
        for item, answer in self._each("nginx_render", app=app):
            if answer:
                if not isinstance(answer, str):
                    raise item.error(f"gave {type(answer).__name__} instead of str")
                snippets[item.plugin.name] = answer
        return snippets

    # Lifecycle, with a veto: an exception stops what was about to happen.

    def app_cloned(self, *, app: AppName, origin: AppName) -> None:
        """Let plugins carry over what they keep of an app to its clone."""
        self._veto("app_cloned", app=app, origin=origin)

    def app_destroying(self, *, app: AppName) -> None:
        """Tell that an app is about to be destroyed."""
        self._veto("app_destroying", app=app)

    def pre_build(self, *, source: Source) -> None:
        """Show a source before it is built."""
        self._veto("pre_build", source=source)

    def pre_deploy(self, *, release: Release) -> None:
        """Show a release before its containers are staged."""
        self._veto("pre_deploy", release=release)

    def check_deploy(self, *, release: Release, instances: Sequence[Instance]) -> None:
        """Show the staged containers before the switch."""
        self._veto("check_deploy", release=release, instances=instances)

    def _veto(self, hook: str, **given: object) -> None:
        for _ in self._each(hook, **given):
            pass

    # Lifecycle, isolated: an exception changes nothing.

    def app_created(self, *, app: AppName) -> None:
        """Tell that an app has been created."""
        self._tell("app_created", app=app)

    def app_renamed(self, *, app: AppName, before: AppName) -> None:
        """Tell that an app has another name."""
        self._tell("app_renamed", app=app, before=before)

    def app_destroyed(self, *, app: AppName) -> None:
        """Tell that an app is gone."""
        self._tell("app_destroyed", app=app)

    def post_build(self, *, build: Build) -> None:
        """Tell that an image came out of a build."""
        self._tell("post_build", build=build)

    def post_deploy(self, *, release: Release) -> None:
        """Tell that a release has the traffic and the one before is gone."""
        self._tell("post_deploy", release=release)

    def deploy_failed(self, *, app: AppName, failure: Failure) -> None:
        """Tell that a deploy failed."""
        self._tell("deploy_failed", app=app, failure=failure)

    def on_event(self, *, event: Event) -> None:
        """Tell of an event after its change was committed."""
        self._tell("on_event", event=event)

    def _tell(self, hook: str, **given: object) -> None:
        for _ in self._tolerant(hook, **given):
            pass
