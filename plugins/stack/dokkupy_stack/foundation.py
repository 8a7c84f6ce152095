"""The plain Debian image under every stack: there already, pulled, or bootstrapped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dokkupy.errors import EngineError, ImageNotFound
from dokkupy_stack.bootstrap import REVISION, bootstrap
from dokkupy_stack.recipe import LABEL
from dokkupy_stack.stacks import REPOSITORY

if TYPE_CHECKING:
    from dokkupy.engine import Engine
    from dokkupy_stack.settings import MachineSettings

PULL_SECONDS: Final = 60.0
"""A registry that has not delivered by then counts as one that does not answer."""


def foundation_reference(codename: str) -> str:
    """Return the name under which the image is kept."""
    return f"{REPOSITORY}/debian:{codename or 'latest'}"


def ensure_foundation(
    engine: Engine, settings: MachineSettings, cache: Path, on_line: Callable[[str], None]
) -> str:
    """Return the id of the image, making it when the engine has none.

    Raises:
        BuildFailed: neither a registry nor the machine's package sources gave one.
    """
    try:
        return engine.image(foundation_reference(settings.codename)).id
    except ImageNotFound:
        return make_foundation(engine, settings, cache, on_line, fresh=False)


def make_foundation(
    engine: Engine,
    settings: MachineSettings,
    cache: Path,
    on_line: Callable[[str], None],
    *,
    fresh: bool,
) -> str:
    """Pull or bootstrap the image and return its id; `fresh` uses no root that was kept.

    Raises:
        BuildFailed: neither a registry nor the machine's package sources gave one.
    """
    reference = foundation_reference(settings.codename)
    if settings.codename and _pulled(engine, f"debian:{settings.codename}-slim", on_line):
        engine.tag(f"debian:{settings.codename}-slim", reference)
        return engine.image(reference).id
    tar = cache / f"debian-{settings.codename}-{REVISION}.tar"
    if tar.is_file() and not fresh:
        on_line(f"Importing {tar}")
    else:
        on_line("Bootstrapping Debian from this machine's package sources (about a minute)")
        bootstrap(settings, tar, on_line)
    with tar.open("rb") as stream:
        return engine.import_image(stream, reference, {LABEL: "debian"})


def _pulled(engine: Engine, upstream: str, on_line: Callable[[str], None]) -> bool:
    on_line(f"Asking the registry for {upstream}")
    try:
        engine.pull(upstream, PULL_SECONDS)
    except EngineError as error:
        on_line(f"No registry has it ({error.message.rstrip('.')})")
        return False
    return True
