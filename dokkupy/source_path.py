"""A path inside a source, which never leaves it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Self

from dokkupy.errors import UsageError


class SourcePath(str):
    """A path inside a source: relative, without `..`, without what a terminal obeys."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return `text` in its shortest spelling.

        Raises:
            UsageError: it is empty, absolute, or could leave the source.
        """
        path = PurePosixPath(text)
        clean = text.isprintable() and "\\" not in text
        if not text or not clean or path.is_absolute() or ".." in path.parts:
            raise UsageError(
                f"{text[:80]!a} is not a path inside the app's source.",
                hint="Give it relative to the root of the repository, without '..'.",
            )
        return cls(path)

    def folder_in(self, tree: Path) -> Path | None:
        """Return the folder that it names below `tree`; None when there is none, links followed."""
        try:
            found = (tree / self).resolve()
            inside = found.is_relative_to(tree.resolve()) and found.is_dir()
        except (OSError, RuntimeError):  # a loop of links, or a name that is too long
            return None
        return found if inside else None
