"""A site that buildpacks generate: one folder of what they made, and nothing that runs."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Final

from dokkupy.builder import BuildRequest
from dokkupy.engine import ImageBuild
from dokkupy.errors import BuildFailed, DokkupyError
from dokkupy.sites import settings as site_settings
from dokkupy.sites.config import CONFIG, read_config
from dokkupy.sites.settings import FOLDER, LABEL
from dokkupy.types import SiteSettings
from dokkupy_buildpacks.assembly import ROOT

HOME: Final = "/app"
"""Where an app lies in its image."""
_ROOT: Final = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*")
_HINT: Final = 'Name the folder that the build makes: {"root": "dist/"}'


def wanted(tree: Path) -> tuple[SiteSettings, str] | None:
    """Return the settings of the site that a source becomes, and the folder it is made in.

    Raises:
        BuildFailed: its static.json is not understood, or names no such folder.
    """
    try:
        text = read_config(tree)
        if not text:
            return None
        settings, root = site_settings.parse(text)
    except DokkupyError as error:
        raise BuildFailed(error.message, hint=error.hint) from error
    folder = (root or "").strip("/")
    if not _ROOT.fullmatch(folder):
        raise BuildFailed(f"{CONFIG} names no folder of the build.", hint=_HINT)
    return settings, folder


def image_of(request: BuildRequest, built: str, settings: SiteSettings, folder: str) -> str:
    """Return an image with nothing but a folder of the one that was built.

    Raises:
        BuildFailed: the build has made no such folder.
    """
    request.on_line(f"The site is what the build made in {folder}")
    # BuildKit knows images by their names alone; with this one the image goes.
    name = f"dokkupy-generated/{request.labels[ROOT]}-{request.source.app}:latest"
    request.engine.tag(built, name)
    try:
        return _cut_out(request, name, settings, folder)
    finally:
        request.engine.remove_image(name)


def _cut_out(request: BuildRequest, built: str, settings: SiteSettings, folder: str) -> str:
    with tempfile.TemporaryDirectory(prefix="site-", dir=request.source.path.parent) as name:
        Path(name, "Dockerfile").write_text(
            f"FROM {built} AS built\nFROM scratch\nCOPY --from=built {HOME}/{folder}/ {FOLDER}/\n"
        )
        build = ImageBuild(
            context=Path(name),
            dockerfile="Dockerfile",
            args={},
            labels={**request.labels, LABEL: site_settings.to_label(settings)},
            memory=request.limits.memory,
            cpu_shares=request.limits.cpu_shares,
        )
        try:
            return request.engine.build(build, lambda _: None)
        except BuildFailed as error:
            raise BuildFailed(
                f"The build made no folder {folder}, which {CONFIG} names.",
                hint=_HINT,
                detail=error.message,
            ) from error
