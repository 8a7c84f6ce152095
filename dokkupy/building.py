"""Source -> image: the builders are asked, the first that agrees builds within its limits."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dokkupy import build_queue, declared, env, git
from dokkupy.builder import BuildRequest, Limits
from dokkupy.errors import BuildFailed, NotFound
from dokkupy.names import AppName
from dokkupy.scheduler_docker import APP, ROOT
from dokkupy.types import Source

if TYPE_CHECKING:
    from dokkupy.builder import Builder
    from dokkupy.declared import Declared
    from dokkupy.platform import Platform
    from dokkupy.report import Report
    from dokkupy.source_path import SourcePath
    from dokkupy.types import Build

SHOWN_NAMES: Final = 12
"""How much of a source is named that nobody can build."""


@contextmanager
def exported(
    platform: Platform,
    app: AppName,
    revision: str,
    origin: str,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Source]:
    """Give the files of one commit, those of its submodules too, for the time of a block.

    Of a repository that has the app in a folder the source is that folder.

    Raises:
        BuildFailed: a submodule cannot be had, or there is no such folder.
    """
    with _room(platform, app) as folder:
        tree = folder / "tree"
        tree.mkdir()
        git.export(platform.paths, app, revision, tree)
        if (tree / git.MODULES_FILE).exists():
            _add_submodules(platform, app, revision, tree, tell)
        top = _top(platform, app, tree)
        yield Source(app=app, path=top, revision=revision, origin=origin)


@contextmanager
def _room(platform: Platform, app: AppName) -> Iterator[Path]:
    """Give a folder for the time of a block, which is known to be in use as long as we live."""
    folder = Path(tempfile.mkdtemp(prefix=f"source-{app}-", dir=platform.paths.run))
    try:
        with _opened(folder) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _top(platform: Platform, app: AppName, tree: Path) -> Path:
    wanted: SourcePath = platform.properties.get("builds", app, "build-dir")
    found = wanted.folder_in(tree)
    if found is None:
        raise BuildFailed(
            f"The repository has no folder {wanted!a:.80}, which the app shall be in.",
            hint=f"Push one that has it, or name another: dokkupy builds set {app} build-dir PATH",
        )
    return found


def _add_submodules(
    platform: Platform, app: AppName, revision: str, tree: Path, tell: Callable[[str], None]
) -> None:
    from dokkupy import deploy_keys
    from dokkupy.submodule_cache import SubmoduleCache
    from dokkupy.submodules import Place, Submodules

    source = Place(
        repository=git.repository(platform.paths, app),
        revision=revision,
        tree=tree,
        origin=platform.store.documents.get(app, *git.ORIGIN) or "",
    )
    cache = SubmoduleCache(platform.paths.submodules)
    with cache.in_use(), deploy_keys.way(platform, app) as ssh:
        Submodules(cache, tree.parent, tell, ssh=ssh).export(source)


def discard(platform: Platform, app: AppName) -> None:
    """Remove the sources of an app that dead processes have left."""
    for folder in _sources(platform):
        # Who only looks into a source holds no lock of its app.
        if _owner(folder) == app and not _in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _in_use(folder: Path) -> bool:
    try:
        with _opened(folder) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):  # or it has just gone with its owner
        return True
    return False


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def owners(platform: Platform) -> set[AppName]:
    """Return the apps of which sources are there: in use, or left by dead processes."""
    return {_owner(folder) for folder in _sources(platform)}


def _sources(platform: Platform) -> Iterator[Path]:
    return platform.paths.run.glob("source-*-*")


def _owner(folder: Path) -> AppName:
    # What mkdtemp appends has no dash.
    return AppName(folder.name.removeprefix("source-").rpartition("-")[0])


def build(platform: Platform, report: Report, source: Source, said: Declared) -> Build:
    """Build a source with the first builder that agrees; the image takes along what it declares.

    Raises:
        BuildFailed: no builder agrees, or the one that does made no image.
    """
    builder, properties = choose(platform, source)
    report.progress(f"Building {source.origin} with {builder.name}")
    layers = env.layers(platform.store, platform.hooks, source.app, "build")
    request = BuildRequest(
        source=source,
        env=env.merge(layers),
        layers=layers,
        properties=properties,
        labels={
            ROOT: platform.root_id,
            APP: source.app,
            declared.LABEL: declared.to_label(said),
        },
        limits=Limits(memory=build_queue.build_memory()),
        engine=platform.engine,
        on_line=report.output,
        provide_image=lambda reference: platform.hooks.provide_image(
            reference=reference, on_line=report.output
        ),
        programs=platform.hooks.build_options(app=source.app).programs,
        secrets={
            **platform.store.config.get(""),
            **platform.store.config.get(source.app),
        },
    )
    return builder.build(request)


def choose(platform: Platform, source: Source) -> tuple[Builder, dict[str, object]]:
    """Return the first builder that agrees to build a source, and its settings for the app.

    Raises:
        BuildFailed: none does.
    """
    builders = platform.hooks.register_builders()
    for builder in builders:
        properties = _properties(platform, builder, source.app)
        if builder.detect(source, properties):
            return builder, properties
    if not builders:
        raise BuildFailed(
            "No builder plugin is installed.",
            hint="Install one: pip install dokkupy-plugin-builder-dockerfile",
        )
    asked = [f"{builder.name} looks for {builder.looks_for}" for builder in builders]
    wanted = builders[0].looks_for if len(builders) == 1 else "what one of them looks for"
    folders = any(path.is_dir() for path in source.path.iterdir())
    deeper = f" It lies in a folder? dokkupy builds set {source.app} build-dir FOLDER"
    raise BuildFailed(
        "No builder knows how to build this.",
        hint=f"Commit {wanted} and push again.{deeper if folders else ''}",
        detail="\n".join([*asked, _at_the_top(source)]),
    )


def _at_the_top(source: Source) -> str:
    """Say what a source holds: often it lies one folder deeper than its owner thinks."""
    found = sorted(
        f"{path.name}/" if path.is_dir() else path.name for path in source.path.iterdir()
    )
    shown = ", ".join(ascii(name)[1:-1] for name in found[:SHOWN_NAMES])
    more = f" and {len(found) - SHOWN_NAMES} more" if len(found) > SHOWN_NAMES else ""
    return f"At the top of the source: {shown}{more}" if found else "The source is empty"


def _properties(platform: Platform, builder: Builder, app: AppName) -> dict[str, object]:
    try:
        return platform.properties.values(builder.name, app)
    except NotFound:  # a builder without settings
        return {}
