"""A site of files: what is served without a container, and how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteHeader:
    """A header of the files that a pattern is for."""

    pattern: str
    """A path in which `*` stands for what has no slash and `**` for anything."""
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFallback:
    """A file that answers for paths at which there is none."""

    pattern: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRedirect:
    """A path that leads elsewhere."""

    path: str
    url: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """What a `static.json` decides, checked; every path begins with a slash."""

    clean_urls: bool = False
    """Whether `/about` answers with `about.html`."""
    https_only: bool = False
    """Whether visitors are sent to https where there is a certificate, whatever the app's
    setting says."""
    error_page: str = ""
    """Answers where there is nothing; empty for the proxy's own words."""
    fallbacks: tuple[SiteFallback, ...] = ()
    """The first whose pattern fits answers."""
    headers: tuple[SiteHeader, ...] = ()
    """Of two for one name the later one goes."""
    redirects: tuple[SiteRedirect, ...] = ()
    immutable: tuple[str, ...] = ()
    """Patterns of files that never change under their names, beside those that look like it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Files that a proxy serves by itself."""

    folder: Path
    """Holds files and folders alone; nothing in it changes while it is served."""
    settings: SiteSettings = SiteSettings()
