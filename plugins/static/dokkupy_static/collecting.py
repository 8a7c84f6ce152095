"""Copying the files of a site out of its source, and nothing that lies elsewhere."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dokkupy.errors import UsageError
from dokkupy.sites.config import CONFIG
from dokkupy.sites.folders import MOST_BYTES, MOST_FILES, VISIBLE

_NOT_FOR_VISITORS: Final = frozenset({CONFIG, "Procfile", "app.json"})
"""What lies at the top of a source and is meant for dokkupy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """How much there was."""

    files: int
    size: int
    """Bytes."""


def collect(root: Path, target: Path, *, bare: bool) -> Collected:
    """Copy the files below `root` to the new folder `target`, those that links inside lead to too.

    Names that begin with a dot are left out, but `.well-known`. `bare`: the root is the top of
    the source.

    Raises:
        UsageError: a link leads out, or something is neither file nor folder.
    """
    home = root.resolve()
    files = size = 0
    target.mkdir()
    for folder, inner, names in os.walk(root):
        here = Path(folder)
        below = here.relative_to(root)
        for name in (*inner, *names):
            if _is_hidden(name) or (bare and here == root and name in _NOT_FOR_VISITORS):
                continue
            source = here / name
            found = _followed(source, below / name, home)
            if found.is_dir():
                (target / below / name).mkdir()
                continue
            files, size = files + 1, size + found.stat().st_size
            if files > MOST_FILES or size > MOST_BYTES:
                raise UsageError(
                    f"The site has more than {MOST_FILES} files, or {MOST_BYTES // 1024**3} GiB.",
                    hint="Serve large files from elsewhere.",
                )
            shutil.copyfile(found, target / below / name)
        inner[:] = [name for name in inner if not _is_hidden(name)]
    return Collected(files=files, size=size)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") and name != VISIBLE


def _followed(source: Path, shown: Path, home: Path) -> Path:
    """Return the file or folder that a name stands for."""
    try:
        found = source.resolve(strict=True) if source.is_symlink() else source
        mode = found.lstat().st_mode
    except (OSError, RuntimeError):
        raise UsageError(
            f"{str(shown)!a:.80} is a link that leads nowhere.", hint="Put a file in its place."
        ) from None
    if source.is_symlink():
        inside = found.is_relative_to(home)
        hidden = inside and any(map(_is_hidden, found.relative_to(home).parts))
        if not inside or hidden or not stat.S_ISREG(mode):
            raise UsageError(
                f"{str(shown)!a:.80} is a link to what is no file of the site.",
                hint="Put a file in its place, or link to a file below the root of the site.",
            )
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UsageError(
            f"{str(shown)!a:.80} is neither a file nor a folder.", hint="Put a file in its place."
        )
    return found
