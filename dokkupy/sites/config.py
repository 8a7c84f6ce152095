"""The file in which a source says that it is a site, or becomes one when it is built."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dokkupy.errors import UsageError

CONFIG: Final = "static.json"
_LARGEST: Final = 256 * 1024
"""Bytes of a static.json."""


def read_config(tree: Path) -> str:
    """Return the text of the static.json, empty when there is none.

    Raises:
        UsageError: it is no file of text, or far too large.
    """
    path = tree / CONFIG
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError(f"{CONFIG} is a link or a folder.", hint="Put a file in its place.")
    if not path.exists():
        return ""
    content = path.read_bytes()[: _LARGEST + 1]
    if len(content) > _LARGEST:
        raise UsageError(f"{CONFIG} is larger than 256 KiB.", hint="Shorten it.")
    try:
        return content.decode("utf-8-sig") or "{}"
    except UnicodeDecodeError:
        raise UsageError(f"{CONFIG} is no text in UTF-8.", hint="Save it as UTF-8.") from None
