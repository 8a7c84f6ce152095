"""Whether the system user can run this dokkupy at all, wherever it was installed."""

from __future__ import annotations

import importlib.util
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import dokkupy
from dokkupy.host.finding import Finding, blocked, done
from dokkupy.host.part import Part
from dokkupy.plugins import Selection, discover

ELSEWHERE = "python3 -m venv /opt/dokkupy && /opt/dokkupy/bin/pip install 'dokkupy[standard]'"


class ReachPart(Part):
    """Python, dokkupy and its plugins lie where every user may read them."""

    name = "dokkupy"

    def look(self) -> Iterator[Finding]:
        """Give the first folder that shuts the user out, if one does."""
        for path in installed():
            found = barrier(path)
            if found is not None:
                yield blocked(
                    self.name,
                    f"Other users may not enter {found}, and {path} lies there.",
                    ELSEWHERE,
                )
                return
        yield done(self.name, f"dokkupy {dokkupy.__version__} runs from {sys.prefix}.")


def installed() -> list[Path]:
    """Return what must be within reach: this Python, the core, and each plugin."""
    modules = [plugin.module.partition(":")[0] for plugin in discover(Selection())]
    origins = [str(dokkupy.__file__)]
    for module in modules:
        # Its package only: a plugin that breaks at import is told of elsewhere.
        spec = importlib.util.find_spec(module.partition(".")[0])
        if spec is not None and spec.origin:
            origins.append(spec.origin)
    return [Path(sys.executable), *map(Path, origins)]


def barrier(path: Path) -> Path | None:
    """Return the first folder on the way to `path` that others may not enter, None if none.

    The way is that of each symbolic link too. A file that others may not read is its own barrier.
    """
    absolute = path.absolute()
    if not stat.S_IROTH & absolute.stat().st_mode:
        return absolute
    ways = dict.fromkeys((absolute, *_links(absolute)))
    return next(filter(None, (shut(way.parent) for way in ways)), None)


def shut(folder: Path) -> Path | None:
    """Return the first of a folder's ancestors or itself that others may not enter."""
    way = (*reversed(folder.parents), folder)
    return next((step for step in way if not stat.S_IXOTH & step.stat().st_mode), None)


def _links(path: Path) -> Iterator[Path]:
    while path.is_symlink():
        path = path.parent / path.readlink()
        yield path
    yield path.resolve()
