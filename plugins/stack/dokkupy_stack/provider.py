"""Making a stack's image available on an engine."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from dokkupy.engine import ImageBuild
from dokkupy.errors import Conflict, ImageNotFound
from dokkupy_stack.foundation import ensure_foundation, foundation_reference, make_foundation
from dokkupy_stack.recipe import LABEL, LABEL_RELEASE, LABEL_VERSION, Recipe, recipes_for
from dokkupy_stack.settings import MachineSettings
from dokkupy_stack.stacks import Stack

if TYPE_CHECKING:
    from dokkupy.engine import Engine

BUILD_MEMORY: Final = 1024 * 1024 * 1024
"""Bytes; apt with its lists stays far below."""


def cache_directory() -> Path:
    """Return where root file systems are kept between roots and runs.

    `$DOKKUPY_CACHE`, else `/var/cache/dokkupy` for root, else the user's cache directory.
    """
    if named := os.environ.get("DOKKUPY_CACHE"):
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/cache/dokkupy")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dokkupy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Makes stacks on `engine` from the machine's settings."""

    engine: Engine
    settings: MachineSettings
    cache: Path
    on_line: Callable[[str], None]

    @classmethod
    def here(cls, engine: Engine, on_line: Callable[[str], None]) -> Self:
        """Return a provider with this machine's settings and cache."""
        settings, cache = MachineSettings.read(), cache_directory()
        return cls(engine=engine, settings=settings, cache=cache, on_line=on_line)

    def ensure(self, stack: Stack) -> Recipe:
        """Have the engine hold `stack` under all its names, as the machine's settings want it.

        Raises:
            BuildFailed: it could not be made.
        """
        with self._alone():
            parent = foundation_reference(self.settings.codename)
            foundation = ensure_foundation(self.engine, self.settings, self.cache, self.on_line)
            recipes = recipes_for(stack, parent, self.settings, foundation=foundation)
            for recipe in recipes:
                self._make(recipe)
        return recipes[-1]

    def renew(self) -> None:
        """Have plain Debian with today's packages; `ensure` then makes every stack anew on it.

        Raises:
            BuildFailed: it could not be made; what was there still is.
        """
        with self._alone():
            make_foundation(self.engine, self.settings, self.cache, self.on_line, fresh=True)

    def _make(self, recipe: Recipe) -> None:
        try:
            image = self.engine.image(recipe.reference).id
        except ImageNotFound:
            self.on_line(f"Building {recipe.reference}")
            image = self._build(recipe)
            self.engine.tag(image, recipe.reference)
        for tag in recipe.stack.tags:
            self.engine.tag(image, tag)
        self._forget(recipe)

    def _forget(self, current: Recipe) -> None:
        """Drop the names of what `current` replaced; layers that apps stand on stay."""
        stack = current.stack
        for image in self.engine.images({LABEL: stack.name}):
            if image.labels.get(LABEL_VERSION) == current.version:
                continue
            if image.labels.get(LABEL_RELEASE) != current.labels.get(LABEL_RELEASE):
                continue
            # Images of apps have inherited the label: only names of ours are ours to drop.
            for tag in image.tags:
                if tag.startswith(f"{stack.image}:"):
                    # A container that was started from it by hand keeps it until the next time.
                    with suppress(Conflict):
                        self.engine.remove_image(tag)

    def _build(self, recipe: Recipe) -> str:
        with tempfile.TemporaryDirectory(prefix="dokkupy-stack-") as directory:
            context = Path(directory)
            recipe.write(context)
            build = ImageBuild(
                context=context,
                dockerfile="Dockerfile",
                args={},
                labels=recipe.labels,
                memory=BUILD_MEMORY,
                cpu_shares=512,
            )
            return self.engine.build(build, self.on_line)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep two pushes, of any roots, from making the same image side by side."""
        self.cache.mkdir(parents=True, exist_ok=True)
        with (self.cache / "stack.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
