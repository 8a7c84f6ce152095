"""The builder of sites: an image of nothing but the files and what their static.json says."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from dokkupy.builder import BuildRequest
from dokkupy.engine import ImageBuild
from dokkupy.errors import BuildFailed, DokkupyError, UsageError
from dokkupy.sites import settings as site_settings
from dokkupy.sites.config import CONFIG, read_config
from dokkupy.sites.folders import NO_INDEX
from dokkupy.sites.settings import FOLDER, INDEX, LABEL
from dokkupy.types import Build, SiteSettings, Source
from dokkupy_static.choosing import choose_root
from dokkupy_static.collecting import collect

_OF_OTHERS: Final = (
    "Cargo.toml",
    "Gemfile",
    "Pipfile",
    "composer.json",
    "go.mod",
    "mix.exs",
    "package.json",
    "pom.xml",
    "pyproject.toml",
    "requirements.txt",
)
"""Beside one of these an index.html is the raw material of a site rather than the site."""
_NOT_FOUND: Final = "/404.html"


class StaticBuilder:
    """Makes images that are never run: their files are what the proxy serves."""

    name = "static"
    looks_for = "a static.json, or an index.html and no program beside it"

    def detect(self, source: Source, properties: dict[str, object]) -> bool:  # noqa: ARG002
        tree = source.path
        if (tree / CONFIG).is_file() or (tree / CONFIG).is_symlink():
            return True
        programs = any((tree / name).exists() for name in _OF_OTHERS)
        return (tree / INDEX).is_file() and not programs

    def build(self, request: BuildRequest) -> Build:
        tree = request.source.path
        try:
            text = read_config(tree)
            settings, named = site_settings.parse(text) if text else (SiteSettings(), None)
            root = choose_root(tree, named)
        except DokkupyError as error:
            request.on_line(error.message)
            raise BuildFailed(error.message, hint=error.hint) from error
        with tempfile.TemporaryDirectory(prefix="site-", dir=tree.parent) as name:
            context = Path(name)
            image = self._build(request, context, settings, root)
        return Build(app=request.source.app, builder=self.name, image=image)

    def _build(
        self, request: BuildRequest, context: Path, settings: SiteSettings, root: Path
    ) -> str:
        try:
            target = context / FOLDER.strip("/")
            found = collect(root, target, bare=root == request.source.path)
            settings = _completed(settings, target)
        except DokkupyError as error:
            request.on_line(error.message)
            raise BuildFailed(error.message, hint=error.hint) from error
        (context / "Dockerfile").write_text(f"FROM scratch\nCOPY {target.name} {FOLDER}\n")
        request.on_line(f"{found.files} files, {found.size} bytes")
        return request.engine.build(
            ImageBuild(
                context=context,
                dockerfile="Dockerfile",
                args={},
                labels={**request.labels, LABEL: site_settings.to_label(settings)},
                memory=request.limits.memory,
                cpu_shares=request.limits.cpu_shares,
            ),
            lambda _: None,
        )


def _completed(settings: SiteSettings, folder: Path) -> SiteSettings:
    """Return the settings with the error page that is there; every file they name must be.

    Raises:
        UsageError: one is not.
    """
    from dataclasses import replace

    if not (folder / INDEX).is_file():
        raise UsageError(f"The site has no {INDEX}.", hint=NO_INDEX)
    named = [one.file for one in settings.fallbacks]
    for path in (*named, *filter(None, [settings.error_page])):
        if not (folder / path.lstrip("/")).is_file():
            raise UsageError(
                f"{CONFIG} names {path.lstrip('/')!a:.80}, and the site has no such file.",
                hint=f"Paths are below the root of the site; mend {CONFIG}, or add the file.",
            )
    if not settings.error_page and (folder / _NOT_FOUND.lstrip("/")).is_file():
        return replace(settings, error_page=_NOT_FOUND)
    return settings
