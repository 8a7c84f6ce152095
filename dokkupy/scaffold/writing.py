"""Templates rendered into the project of a new plugin."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path, PurePosixPath
from string import Template
from typing import TYPE_CHECKING, Final

from dokkupy import PLUGIN_API_VERSION, __version__
from dokkupy.core_properties import CORE_PROPERTIES
from dokkupy.errors import Conflict, DokkupyError
from dokkupy.operations.registry import CORE_OPERATIONS
from dokkupy.plugins import Selection, discover
from dokkupy.scaffold import NewPlugin

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from dokkupy.scaffold import PluginName

KINDS: Final = ("minimal", "builder", "proxy", "service")
_COMMON: Final = "common"
_SUFFIX: Final = ".in"
"""Of every template, so that no tool takes one for what it will be."""
_PACKAGE: Final = "package/"
"""Stands for the folder of the plugin's package."""


class _Form(Template):
    """A text in which `@{word}` stands for something, and `@@` for `@`; `$` means nothing."""

    delimiter = "@"
    idpattern = r"(?!)"
    braceidpattern = "[a-z]+"


def words(name: PluginName) -> dict[str, str]:
    """Return what the words of the templates stand for in one plugin."""
    camel = "".join(part.capitalize() for part in name.split("-"))
    major, minor = __version__.split(".")[:2]
    api = int(PLUGIN_API_VERSION.partition(".")[0])
    return {
        "name": name,
        "package": f"dokkupy_{name.replace('-', '_')}",
        "distribution": f"dokkupy-plugin-{name}",
        "camel": camel,
        "api": f">={api},<{api + 1}",
        "core": f">={major}.{minor},<{major}.{int(minor) + 1}",
    }


def render(name: PluginName, kind: str) -> dict[str, str]:
    """Return the files of a new plugin: path below its folder -> text."""
    given = words(name)
    home = files("dokkupy.scaffold").joinpath("templates")
    return {
        path.replace(_PACKAGE, f"{given['package']}/", 1): _Form(text).substitute(given)
        for folder in (_COMMON, kind)
        for path, text in _templates(home.joinpath(folder), PurePosixPath())
    }


def _templates(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[str, str]]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _templates(item, path / item.name)
        elif item.name.endswith(_SUFFIX):
            yield str(path / item.name).removesuffix(_SUFFIX), item.read_text(encoding="utf-8")


def write(name: PluginName, kind: str, folder: Path | None) -> NewPlugin:
    """Write a new plugin into a folder that is not there yet, wholly or not at all.

    Raises:
        Conflict: the folder is there, or the name belongs to something that is installed.
        DokkupyError: the folder cannot be written.
    """
    _refuse_taken(name)
    target = (folder or Path(f"dokkupy-plugin-{name}")).expanduser().absolute()
    if target.exists() or target.is_symlink():
        raise Conflict(
            f"{target} is there already.",
            hint=f"dokkupy plugin new {name} --folder ANOTHER",
        )
    rendered = render(name, kind)
    fresh = target.with_name(f".{target.name}.new")
    try:
        fresh.mkdir()
        for path, text in rendered.items():
            (fresh / path).parent.mkdir(parents=True, exist_ok=True)
            (fresh / path).write_text(text, encoding="utf-8")
        fresh.rename(target)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise DokkupyError(
            f"{target} cannot be written: {error.strerror}.",
            hint=f"dokkupy plugin new {name} --folder WHERE-YOU-MAY-WRITE",
        ) from None
    return NewPlugin(name=name, kind=kind, folder=str(target), files=tuple(sorted(rendered)))


def _refuse_taken(name: PluginName) -> None:
    owner = next((one for one in discover(Selection()) if one.name == name), None)
    if owner is not None:
        raise Conflict(
            f"There is a plugin of that name: {owner.title}.", hint="Choose another name."
        )
    if name in CORE_OPERATIONS or name in CORE_PROPERTIES:
        raise Conflict(f"`dokkupy {name}` is of the core.", hint="Choose another name.")
