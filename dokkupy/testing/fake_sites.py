"""How the fake proxy serves a site: which file answers a path, with which status and headers."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from dokkupy.sites import patterns
from dokkupy.sites.settings import INDEX
from dokkupy.types import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAnswer:
    """What a visitor gets."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def answer(site: Site, target: str) -> SiteAnswer:
    """Answer a request for `target`, the path and query as they came."""
    path, settings = unquote(target.partition("?")[0]), site.settings
    for one in settings.redirects:
        if patterns.matches(one.path, path):
            return SiteAnswer(status=one.status, headers={"Location": one.url})
    found = _find(site, path)
    if found is not None and found.is_dir():
        return SiteAnswer(status=301, headers={"Location": f"{path}/"})
    if found is not None:
        return _file(site, found, 200)
    for fallback in settings.fallbacks:
        if patterns.matches(fallback.pattern, path):
            return _file(site, site.folder / fallback.file.lstrip("/"), 200)
    if settings.error_page:
        return _file(site, site.folder / settings.error_page.lstrip("/"), 404)
    return SiteAnswer(status=404, body=b"There is nothing here.")


def _find(site: Site, path: str) -> Path | None:
    folder = site.folder.resolve()
    below = path.lstrip("/")
    tried = [folder / below / INDEX] if not below or path.endswith("/") else [folder / below]
    if below and site.settings.clean_urls:
        tried.insert(1, folder / f"{below.rstrip('/')}.html")
    for one in tried:
        inside = one.resolve().is_relative_to(folder)
        if inside and (one.is_file() or (one / INDEX).is_file()):
            return one
    return None


def _file(site: Site, file: Path, status: int) -> SiteAnswer:
    path = f"/{file.resolve().relative_to(site.folder.resolve())}"
    for_ever = patterns.is_immutable(path) or any(
        patterns.matches(one, path) for one in site.settings.immutable
    )
    headers = {
        "Content-Type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        "Cache-Control": "public, max-age=31536000, immutable" if for_ever else "no-cache",
    }
    for one in site.settings.headers:
        if patterns.matches(one.pattern, path):
            headers[one.name] = one.value
    return SiteAnswer(status=status, body=file.read_bytes(), headers=headers)
