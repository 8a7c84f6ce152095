"""The public names of dokkupy, imported lazily so that a command pays only for what it uses."""

from __future__ import annotations

TYPE_CHECKING = False  # typing is most of what the git hook would pay for
if TYPE_CHECKING:
    from typing import Any

    from dokkupy.hookspecs import hookimpl as hookimpl
    from dokkupy.operations.registry import Help as Help
    from dokkupy.operations.registry import operation as operation
    from dokkupy.platform import Platform as Platform

__version__ = "0.1.0"

PLUGIN_API_VERSION = "1.0"
"""Version of the hook and operation interface; plugins declare the range they were made for."""

_HOMES = {
    "hookimpl": "dokkupy.hookspecs",
    "operation": "dokkupy.operations.registry",
    "Help": "dokkupy.operations.registry",
    "Platform": "dokkupy.platform",
}

__all__ = ["PLUGIN_API_VERSION", "Help", "Platform", "__version__", "hookimpl", "operation"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dokkupy' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
