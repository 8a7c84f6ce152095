"""What of a source is the site: its static.json, and the folder that this names."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dokkupy.errors import UsageError

CONFIG: Final = "static.json"
_LARGEST: Final = 256 * 1024
"""Bytes of a static.json."""
_USUAL: Final = "public_html"
"""Where Heroku's static buildpack looks when nothing is said."""


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


def choose_root(tree: Path, named: str | None) -> Path:
    """Return the folder of a source that is the site.

    Raises:
        UsageError: the one that is named is not there, or not inside.
    """
    if named is None:
        usual = tree / _USUAL
        return usual if usual.is_dir() and not usual.is_symlink() else tree
    parts = [part for part in named.split("/") if part not in ("", ".")]
    found = tree.joinpath(*parts)
    outside = named.startswith("/") or ".." in parts or "\0" in named
    if outside or not found.resolve().is_relative_to(tree.resolve()):
        raise UsageError(
            f"{CONFIG} names the folder {named!a:.80}, which leads out of the source.",
            hint='Name one inside: {"root": "dist/"}',
        )
    if not found.is_dir():
        raise UsageError(
            f"{CONFIG} names the folder {named!a:.80}, which is not there.",
            hint="Commit it. A site that has to be built first needs a buildpack or a Dockerfile.",
        )
    return found
