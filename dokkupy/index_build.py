"""How the index is made: every plugin imported once, its commands and settings checked."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from dokkupy import __version__
from dokkupy.core_properties import CORE_PROPERTIES
from dokkupy.errors import PluginError
from dokkupy.index import Command, Index, grouped
from dokkupy.operations.registry import CORE_OPERATIONS, make_operation, operations_of
from dokkupy.plugins import (
    Loaded,
    PluginState,
    Selection,
    broken,
    described,
    discover,
    gate,
    load,
)
from dokkupy.types import PropertyGroup

if TYPE_CHECKING:
    from dokkupy.services.kind import ServiceKind

CORE_TITLE: Final = f"the core (dokkupy {__version__})"
WORD: Final = re.compile(r"[a-z][a-z0-9-]*")
PROPERTY_OPERATIONS: Final = "dokkupy.operations.properties"


def build(chosen: Selection) -> tuple[Index, set[str]]:
    """Return the index of what is installed now, and the source files that it was made from."""
    commands: list[Command] = []
    for noun, modules in CORE_OPERATIONS.items():
        for module in modules:
            commands += _commands(noun, importlib.import_module(module), "")
    settings = importlib.import_module(PROPERTY_OPERATIONS)
    for noun in CORE_PROPERTIES:
        commands += _commands(noun, settings, "", bound_noun=noun)
    states: list[PluginState] = []
    properties: dict[str, str] = {}
    services: dict[str, str] = {}
    for plugin in discover(chosen):
        state = gate(plugin) if plugin.state == "enabled" else plugin
        loaded = load(state) if state.state == "enabled" else Loaded(plugin=state)
        state = loaded.plugin
        if loaded.module is not None:
            try:
                own, nouns = _offered(loaded)
                kinds = _service_kinds(loaded)
                for kind in kinds:
                    own += list(_of_service(kind, state.name, own))
                _refuse_clashes(own, commands, states)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - as for its import
                reason = error.message if isinstance(error, PluginError) else described(error)
                state = broken(state, reason)
            else:
                commands += own
                properties |= dict.fromkeys(nouns, state.name)
                services |= {kind.noun: state.name for kind in kinds}
        states.append(state)
    index = Index(
        plugins=tuple(states),
        commands=grouped(commands),
        properties=properties,
        services=services,
    )
    return index, set(_sources(states))


def _offered(loaded: Loaded) -> tuple[list[Command], list[str]]:
    """Return a plugin's commands, and the nouns that have settings."""
    name = loaded.plugin.name
    commands: list[Command] = []
    nouns: list[str] = []
    for implementation in loaded.hooks.get("register_operations", ()):
        modules: Any = implementation.function()
        for noun, module in dict(modules).items():
            commands += _commands(noun, importlib.import_module(module), name)
    for implementation in loaded.hooks.get("register_properties", ()):
        group = implementation.function()
        if not isinstance(group, PropertyGroup):
            raise PluginError(
                f"register_properties returned {type(group).__name__}, no PropertyGroup."
            )
        _check_group(group)
        nouns.append(group.noun)
        module = importlib.import_module(PROPERTY_OPERATIONS)
        commands += _commands(group.noun, module, name, bound_noun=group.noun)
    return commands, nouns


def _service_kinds(loaded: Loaded) -> list[ServiceKind]:
    """Return the kinds of service that a plugin knows."""
    found = loaded.hooks.get("register_services", ())
    if not found:
        return []
    from dokkupy.services.kind import ServiceKind

    kinds: list[ServiceKind] = []
    for implementation in found:
        kind: Any = implementation.function()
        if not isinstance(kind, ServiceKind):
            raise PluginError(f"register_services returned {type(kind).__name__}, no ServiceKind.")
        kinds.append(kind)
    return kinds


def _of_service(kind: ServiceKind, plugin: str, own: Sequence[Command]) -> Iterator[Command]:
    """Yield what every kind of service has, but for what the plugin does in a way of its own."""
    said = {command.title for command in own}
    for module in kind.operation_modules:
        for command in _commands(
            kind.noun, importlib.import_module(module), plugin, bound_noun=kind.noun
        ):
            if command.title not in said:
                yield command


def _check_group(group: PropertyGroup) -> None:
    for item in group.properties:
        if not WORD.fullmatch(item.name):
            raise PluginError(
                f"The property {item.name!r} is not spelled in lower-case and dashes."
            )
        try:
            re.compile(item.pattern)
        except re.error as error:
            raise PluginError(
                f"The pattern of the property {item.name} is damaged: {error}."
            ) from None
    names = [item.name for item in group.properties]
    for name in names:
        if names.count(name) > 1:
            raise PluginError(f"It declares the property {name} of {group.noun} twice.")


def _commands(
    noun: str, module: ModuleType, plugin: str, *, bound_noun: str = ""
) -> Iterator[Command]:
    bound = {"noun": bound_noun} if bound_noun else {}
    for attribute, function in operations_of(module).items():
        made = make_operation(noun, function, bound)
        for word in filter(None, (noun, made.spec.name)):
            if not WORD.fullmatch(word):
                raise PluginError(
                    f"The command word {word!r} is not spelled in lower-case and dashes."
                )
        yield Command(
            noun=noun,
            name=made.spec.name,
            summary=made.spec.summary,
            module=module.__name__,
            attribute=attribute,
            plugin=plugin,
            default=made.spec.default,
            bound_noun=bound_noun,
        )


def _refuse_clashes(own: list[Command], others: list[Command], states: list[PluginState]) -> None:
    """Raise when a plugin claims a command that it, another plugin or the core has already."""
    titles = {"": CORE_TITLE} | {state.name: state.title for state in states}
    for place, command in enumerate(own):
        for other in others:
            if _clash(command, other):
                raise PluginError(
                    f"The command `{command.title}` clashes with `{other.title}` of "
                    f"{titles[other.plugin]}."
                )
        if any(_clash(command, other) for other in own[:place]):
            raise PluginError(f"It declares the command `{command.title}` twice.")


def _clash(one: Command, other: Command) -> bool:
    """Whether two commands are the same, or one is a lone verb spelled like the other's noun."""
    if one.title == other.title:
        return True
    lone = bool(one.noun) != bool(other.noun)
    return lone and (one.noun or one.name) == (other.noun or other.name)


def _sources(states: list[PluginState]) -> Iterator[str]:
    """Return the files of every module of the plugins and of the core's operations."""
    packages = {state.module.partition(".")[0] for state in states if state.state != "disabled"}
    for name, module in list(sys.modules.items()):
        own = name.partition(".")[0] in packages or name.startswith("dokkupy.operations.")
        file = getattr(module, "__file__", None)
        if own and file:
            yield file
    for state in states:
        if state.state == "incompatible":
            spec = importlib.util.find_spec(state.module)
            if spec is not None and spec.origin:
                yield spec.origin
