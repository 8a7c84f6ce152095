"""A change of what is installed that is made wholly or not at all, even if the power fails."""

from __future__ import annotations

import importlib
import json
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final, Self

from packaging.utils import canonicalize_name

FOLDER: Final = ".dokkupy-swap"
"""Below the environment's prefix, while a change is under way."""
_MANIFEST: Final = "manifest.json"


class Backup:
    """The files of some distributions as they were before a change."""

    def __init__(self, prefix: Path, modules: Path) -> None:
        self._folder = prefix / FOLDER
        self._modules = modules

    @classmethod
    def keep(cls, prefix: Path, modules: Path, names: Sequence[str]) -> Self:
        """Copy every file of those of the distributions that are installed."""
        made = cls(prefix, modules)
        shutil.rmtree(made._folder, ignore_errors=True)
        made._folder.mkdir(mode=0o700)
        files: list[str] = []
        for found in made._installed(names):
            for path in filter(Path.is_file, _files(found)):
                shutil.copy2(path, made._folder / str(len(files)))
                files.append(str(path))
        # Written last: a backup without it belongs to a change that was never begun.
        manifest = made._folder / f"{_MANIFEST}.new"
        manifest.write_text(json.dumps({"names": list(names), "files": files}))
        manifest.rename(made._folder / _MANIFEST)
        return made

    @property
    def is_left(self) -> bool:
        """Whether a change was cut short."""
        return (self._folder / _MANIFEST).exists()

    def restore(self) -> None:
        """Put back exactly what was there; what came with the change goes."""
        kept = json.loads((self._folder / _MANIFEST).read_text())
        for found in self._installed(kept["names"]):
            for path in _files(found):
                path.unlink(missing_ok=True)
                self._prune(path.parent)
        for number, text in enumerate(kept["files"]):
            path = Path(text)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self._folder / str(number), path)
        self.discard()

    def discard(self) -> None:
        """Forget it: the change is made."""
        (self._folder / _MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)
        importlib.invalidate_caches()

    def _installed(self, names: Sequence[str]) -> list[Distribution]:
        importlib.invalidate_caches()
        there = distributions(path=[str(self._modules)])
        return [one for one in there if one.name and canonicalize_name(one.name) in names]

    def _prune(self, folder: Path) -> None:
        """Remove folders that hold nothing any more, or bytecode alone."""
        while folder != self._modules and self._modules in folder.parents and folder.is_dir():
            left = {path.name for path in folder.iterdir()}
            if left - {"__pycache__"}:
                return
            shutil.rmtree(folder / "__pycache__", ignore_errors=True)
            with suppress(OSError):
                folder.rmdir()
            folder = folder.parent


def _files(found: Distribution) -> Iterator[Path]:
    for path in found.files or ():
        yield Path(str(found.locate_file(path)))


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C, a closed terminal and a polite end wait until a block is done.

    Call it in the main thread. Programs that the block starts are not interrupted either.
    """
    polite = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in polite}
    # The mask is for this thread and for programs; another thread may take a signal all the same.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, polite)
    try:
        for number, handler in handlers.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, lambda number, _frame: came.append(number))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    for interruption in came:
        signal.raise_signal(interruption)
