"""What the installed plugins offer, kept in a file so that a command imports only what it needs.

The file is keyed by the distributions on `sys.path` and by every source file that was read to
make it. A set in which a plugin is broken is never kept: each command looks at it anew, so that
mending the plugin is all there is to do.
"""

from __future__ import annotations

import binascii
import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dokkupy import __version__
from dokkupy.errors import PluginError
from dokkupy.plugins import PluginState, Selection, described

if TYPE_CHECKING:
    from dokkupy.operations.registry import Operation

FORMAT: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One operation in its place, with no more than a list of commands needs."""

    noun: str
    """Empty for a verb that stands alone."""
    name: str
    summary: str
    module: str
    attribute: str
    plugin: str
    """Empty for the core."""
    default: bool
    bound_noun: str = ""
    """The noun that its place decides, when several nouns share the operation."""

    @property
    def title(self) -> str:
        """What a person types."""
        return f"{self.noun} {self.name}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Plugins, commands and property groups of one set of distributions."""

    plugins: tuple[PluginState, ...]
    commands: Mapping[str, Mapping[str, Command]]
    """Noun -> verb -> command."""
    properties: Mapping[str, str]
    """Noun -> the plugin that declares its settings."""
    services: Mapping[str, str] = field(default_factory=dict)
    """Noun -> the plugin that knows this kind of service."""

    @property
    def complete(self) -> bool:
        """Whether no plugin is broken."""
        return all(plugin.state != "broken" for plugin in self.plugins)

    def plugin(self, name: str) -> PluginState | None:
        """Return the plugin of that name, if it is installed."""
        return next((plugin for plugin in self.plugins if plugin.name == name), None)


def current(folder: Path, chosen: Selection) -> Index:
    """Return the index for the distributions as they are now; kept in `folder` when possible."""
    file = folder / f"index-{_key(chosen):08x}.json"
    distributions = _distributions()
    kept = _read(file, distributions, chosen)
    if kept is not None:
        return kept
    from dokkupy.index_build import build

    fresh, sources = build(chosen)
    if fresh.complete:
        _write(file, fresh, distributions, chosen, sources)
    return fresh


def operation_of(index: Index, command: Command) -> Operation:
    """Import the module of a command and return its operation.

    Raises:
        PluginError: the plugin that it belongs to cannot deliver it any more.
    """
    from importlib import import_module

    from dokkupy.operations.registry import make_operation

    bound = {"noun": command.bound_noun} if command.bound_noun else {}
    try:
        function = getattr(import_module(command.module), command.attribute)
        return make_operation(command.noun, function, bound)
    except (Exception, SystemExit) as error:
        plugin = index.plugin(command.plugin)
        if plugin is None:
            raise
        raise PluginError(
            f"The plugin {plugin.title} cannot do `{command.title}`: {described(error)}",
            hint=plugin.disable,
        ) from error


def folder(root: Path) -> Path:
    """Return where the index is kept: in the root's cache when that is ours, else in the user's.

    The super-user leaves nothing in a root that is somebody else's.
    """
    cache = root / "cache"
    with suppress(OSError):
        if cache.stat().st_uid == os.geteuid():
            return cache
    home = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(home) if home.startswith("/") else Path("~/.cache").expanduser()
    return base / "dokkupy"


def _key(chosen: Selection) -> int:
    return binascii.crc32("\0".join((sys.prefix, *_selected(chosen))).encode())


def _selected(chosen: Selection) -> list[str]:
    only = "*" if chosen.only is None else ",".join(sorted(chosen.only))
    return [only, ",".join(sorted(chosen.disabled))]


def _distributions() -> list[str]:
    """Return name and time of every distribution's metadata folder, without opening any."""
    found = [__version__]
    for entry in dict.fromkeys(sys.path):
        try:
            with os.scandir(entry or ".") as items:
                found += sorted(
                    f"{item.path} {item.stat().st_mtime_ns}"
                    for item in items
                    if item.name.endswith((".dist-info", ".egg-info"))
                )
        except OSError:
            continue
    return found


def _stamp(path: str) -> list[int]:
    try:
        status = os.stat(path)  # noqa: PTH116 - Path objects would cost more than the call
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_size]


def _read(file: Path, distributions: list[str], chosen: Selection) -> Index | None:
    """Return the index that was kept, or None when it is missing, damaged or out of date."""
    try:
        with file.open("rb") as stream:
            if os.fstat(stream.fileno()).st_uid not in (0, os.geteuid()):
                return None
            kept = json.load(stream)
        if (
            kept["format"] != FORMAT
            or kept["selected"] != _selected(chosen)
            or kept["distributions"] != distributions
            or any(_stamp(path) != stamp for path, stamp in kept["sources"].items())
        ):
            return None
        return _decoded(kept)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _decoded(kept: Mapping[str, Any]) -> Index:
    return Index(
        plugins=tuple(
            PluginState(**{**plugin, "hooks": tuple(plugin["hooks"])}) for plugin in kept["plugins"]
        ),
        commands=grouped(Command(**command) for command in kept["commands"]),
        properties=dict(kept["properties"]),
        services=dict(kept["services"]),
    )


def grouped(commands: Iterable[Command]) -> dict[str, dict[str, Command]]:
    """Return noun -> verb -> command."""
    nouns: dict[str, dict[str, Command]] = {}
    for command in commands:
        nouns.setdefault(command.noun, {})[command.name] = command
    return nouns


def _write(
    file: Path,
    index: Index,
    distributions: list[str],
    chosen: Selection,
    sources: Iterable[str],
) -> None:
    """Keep the index; a folder that cannot be written only costs time."""
    text = json.dumps(
        {
            "format": FORMAT,
            "selected": _selected(chosen),
            "distributions": distributions,
            "sources": {path: _stamp(path) for path in sorted(sources)},
            "plugins": [asdict(plugin) for plugin in index.plugins],
            "commands": [
                asdict(command) for verbs in index.commands.values() for command in verbs.values()
            ],
            "properties": dict(index.properties),
            "services": dict(index.services),
        }
    )
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
