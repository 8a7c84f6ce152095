"""The plugins that are installed: found, gated by API range, imported and validated one by one.

pluggy's own loader stops at the first plugin that raises and has no order; this one goes by
sorted name, and what is wrong with one plugin becomes a line in `dokkupy plugin list`.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Collection, Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal

from dokkupy import PLUGIN_API_VERSION

if TYPE_CHECKING:
    from pluggy import HookImpl

GROUP: Final = "dokkupy.plugins"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginState:
    """One installed plugin and whether it takes part."""

    name: str
    distribution: str
    version: str
    module: str
    state: Literal["enabled", "disabled", "broken", "incompatible"] = "enabled"
    reason: str = ""
    """Why it does not take part."""
    remedy: str = ""
    """The command that mends it."""
    hooks: tuple[str, ...] = ()
    """Names of the hooks it implements, sorted; empty unless it is enabled."""

    @property
    def title(self) -> str:
        """How messages name it: `domains (dokkupy-plugin-domains 0.1.0)`."""
        return f"{self.name} ({self.distribution} {self.version})"

    def out(
        self, state: Literal["broken", "incompatible"], reason: str, remedy: str
    ) -> PluginState:
        """Return it as one that does not take part."""
        return replace(self, state=state, reason=reason, remedy=remedy, hooks=())

    @property
    def disable(self) -> str:
        """The command that takes it out of play."""
        return f"dokkupy plugin disable {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which of the installed plugins may be imported at all."""

    only: frozenset[str] | None = None
    """None: all of them."""
    disabled: frozenset[str] = frozenset()


def selection(root: Path, environ: str | None) -> Selection:
    """Read what a root has disabled; `environ` is the value of `DOKKUPY_PLUGINS`, if any."""
    only = None
    if environ is not None:
        only = frozenset(name.strip() for name in environ.split(",") if name.strip())
    return Selection(only=only, disabled=disabled_plugins(root))


def disabled_plugins(root: Path) -> frozenset[str]:
    """Return the names in the root's file `disabled-plugins`, one a line."""
    try:
        text = (root / "disabled-plugins").read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        # A root that is not for this user to read: its store will say so.
        return frozenset()
    return frozenset(text.split())


def set_disabled_plugins(root: Path, names: Collection[str]) -> None:
    """Write the file that `disabled_plugins` reads."""
    file = root / "disabled-plugins"
    fresh = file.with_suffix(".new")
    fresh.write_text("".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")
    fresh.replace(file)


def discover(chosen: Selection) -> list[PluginState]:
    """Return every installed plugin by name, none of them imported.

    What is not selected is `disabled`; a name that two distributions claim belongs to the first.
    """
    from importlib.metadata import entry_points

    found = sorted(
        (
            PluginState(
                name=entry.name,
                distribution=entry.dist.name if entry.dist else "unknown",
                version=entry.dist.version if entry.dist else "?",
                module=entry.value,
            )
            for entry in entry_points(group=GROUP)
        ),
        key=lambda plugin: (plugin.name, plugin.distribution),
    )
    return list(_decided(found, chosen))


def _decided(found: Iterable[PluginState], chosen: Selection) -> Iterable[PluginState]:
    owners: dict[str, PluginState] = {}
    for plugin in found:
        owner = owners.setdefault(plugin.name, plugin)
        if owner is not plugin:
            yield plugin.out(
                "broken",
                f"{owner.distribution} {owner.version} has a plugin of the same name.",
                f"pip uninstall {plugin.distribution}",
            )
        elif plugin.name in chosen.disabled:
            yield replace(
                plugin,
                state="disabled",
                reason="Switched off by hand.",
                remedy=f"dokkupy plugin enable {plugin.name}",
            )
        elif chosen.only is not None and plugin.name not in chosen.only:
            yield replace(
                plugin,
                state="disabled",
                reason="DOKKUPY_PLUGINS does not name it.",
                remedy="unset DOKKUPY_PLUGINS",
            )
        else:
            yield plugin


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A plugin after its import: what it is now, its module, its valid hooks."""

    plugin: PluginState
    module: ModuleType | None = None
    """None unless the plugin is enabled."""
    hooks: Mapping[str, tuple[HookImpl, ...]] = field(default_factory=dict)
    """Hook -> its implementations, which are nearly always one."""


def gate(plugin: PluginState) -> PluginState:
    """Return the plugin as it is when its API range takes this dokkupy in, else as incompatible.

    The range is read from the source and not from the imported module: one that was made for
    another API may well fail to import, and the range is then the better reason.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    upgrade = f"pip install --upgrade dokkupy {plugin.distribution}, or {plugin.disable}"
    try:
        declared = declared_api(plugin.module)
        fits = SpecifierSet(declared).contains(PLUGIN_API_VERSION, prereleases=True)
    except InvalidSpecifier:
        return broken(plugin, "Its PLUGIN_API is not a version range (PEP 440).")
    except LookupError as error:
        return plugin.out("incompatible", str(error.args[0]), upgrade)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a broken plugin stops nobody else
        return broken(plugin, f"It cannot be imported: {described(error)}")
    if fits:
        return plugin
    reason = f"It was made for plugin API {declared}; this dokkupy has {PLUGIN_API_VERSION}."
    return plugin.out("incompatible", reason, upgrade)


def declared_api(module: str) -> str:
    """Return the text that a module's source assigns to `PLUGIN_API`.

    Raises:
        LookupError: the source assigns no text to it.
        Exception: whatever the parent package raises when it is imported, or a SyntaxError.
    """
    spec = importlib.util.find_spec(module)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)
    read: Any = getattr(spec.loader, "get_source", None)
    source = read(module) if read else None
    for node in ast.parse(source or "", spec.origin or module).body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id="PLUGIN_API")], value=ast.Constant(value=str(declared))
            ):
                return declared
            case ast.AnnAssign(
                target=ast.Name(id="PLUGIN_API"), value=ast.Constant(value=str(declared))
            ):
                return declared
    raise LookupError(f'{module} has no line like PLUGIN_API = ">=1,<2".')


def load(plugin: PluginState) -> Loaded:
    """Import a plugin that passed the gate; never raises for what a plugin does.

    What it prints goes where messages go: the answer of a command is nothing else.
    """
    try:
        with redirect_stdout(sys.stderr):
            module = importlib.import_module(plugin.module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a broken plugin stops nobody else
        return Loaded(plugin=broken(plugin, f"It cannot be imported: {described(error)}"))
    return validated(plugin, module)


def validated(plugin: PluginState, module: ModuleType) -> Loaded:
    """Check a module's hook implementations against the specifications."""
    from pluggy import PluginManager, PluginValidationError

    from dokkupy import hookspecs

    manager = PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, plugin.name)
        manager.check_pending()
    except PluginValidationError as error:
        return Loaded(plugin=broken(plugin, " ".join(str(error).split())))
    callers = sorted(manager.get_hookcallers(module) or [], key=lambda caller: caller.name)
    hooks = {caller.name: tuple(caller.get_hookimpls()) for caller in callers if caller.has_spec()}
    if any(item.wrapper or item.hookwrapper for found in hooks.values() for item in found):
        return Loaded(plugin=broken(plugin, "Hook wrappers are not supported."))
    return Loaded(plugin=replace(plugin, hooks=tuple(hooks)), module=module, hooks=hooks)


def broken(plugin: PluginState, reason: str) -> PluginState:
    """Return the plugin as broken, with the remedies that every broken plugin has."""
    remedy = f"dokkupy plugin install --upgrade {plugin.name}, or {plugin.disable}"
    return plugin.out("broken", reason, remedy)


def described(error: BaseException) -> str:
    """Return the exception's type and text, and the last line of a plugin that it came through."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    where = ""
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith("<frozen") and file not in (__file__, importlib.__file__):
            where = f" ({file}:{trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(error).__name__}: {error}{where}"
