"""What of a source is the site: the folder that its static.json names."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dokkupy.errors import UsageError
from dokkupy.sites.config import CONFIG

_USUAL: Final = "public_html"
"""Where Heroku's static buildpack looks when nothing is said."""


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
