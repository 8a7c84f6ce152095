"""The part of an app's file that serves files instead of passing requests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os.path import relpath
from pathlib import Path
from typing import Final

from dokkupy.sites import patterns
from dokkupy.sites.settings import INDEX
from dokkupy.types import RouteState, SiteSettings
from dokkupy_core_nginx.quoting import quote
from dokkupy_core_nginx.site import AppSite

FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
"""Keep it, and ask whether it is still that one: an answer without a body, most of the time."""
_CACHE: Final = "Cache-Control"
_FALLBACK: Final = "@dokkupy_site"
_EMPTY: Final = '""'


def settings_of(app: AppSite) -> SiteSettings | None:
    """Return the settings of the site that is to be served, None when there is none."""
    route = app.route
    serves = route.site is not None and route.state is RouteState.SERVING and not app.withheld
    return route.site.settings if route.site is not None and serves else None


def render_maps(app: AppSite) -> Iterator[str]:
    """Yield the maps that decide headers, redirects and fallbacks by the path."""
    settings = settings_of(app)
    if settings is None:
        return
    for number, (name, rules) in enumerate(_headers(app, settings).items()):
        # nginx takes the first that fits, static.json means the last.
        default = ASK_AGAIN if name == _CACHE else ""
        yield _map(_variable(app, f"header_{number}"), list(reversed(rules)), default)
    for status in _statuses(settings):
        found = [
            (patterns.expression(one.path), one.url)
            for one in settings.redirects
            if one.status == status
        ]
        yield _map(_variable(app, f"to_{status}"), found)
    if settings.fallbacks:
        found = [(patterns.expression(one.pattern), one.file) for one in settings.fallbacks]
        yield _map(_variable(app, "fallback"), found)


def render_server(app: AppSite, folder: Path) -> list[str]:
    """Return the lines of the `server` block; `folder` is the proxy's, to which paths refer."""
    settings, site = settings_of(app), app.route.site
    if settings is None or site is None:
        return []
    lines = ["absolute_redirect off;", f"root {quote(relpath(site.folder, folder))};"]
    lines += [
        f"add_header {name} {_variable(app, f'header_{number}')}"
        # What is not there today may be tomorrow.
        f"{'' if name == _CACHE else ' always'};"
        for number, name in enumerate(_headers(app, settings))
    ]
    for status in _statuses(settings):
        variable = _variable(app, f"to_{status}")
        lines.append(f"if ({variable}) {{ return {status} {variable}; }}")
    if settings.error_page:
        page = quote(settings.error_page)
        lines += [f"error_page 403 =404 {page};", f"error_page 404 500 {page};"]
    else:
        lines.append("error_page 403 =404 @dokkupy_nothing;")
    last = _FALLBACK if settings.fallbacks else "=404"
    clean = " $uri.html" if settings.clean_urls else ""
    lines += [
        f"index {INDEX};",
        "sendfile on;",
        "tcp_nopush on;",
        "gzip_static on;",
        "charset utf-8;",
        f"location / {{ try_files $uri{clean} $uri/ {last}; }}",
    ]
    if not settings.error_page:
        lines.append("location @dokkupy_nothing { return 404; }")
    if settings.fallbacks:
        variable = _variable(app, "fallback")
        lines.append(
            f"location {_FALLBACK} {{ "
            f"if ({variable} = {_EMPTY}) {{ return 404; }} "
            f"rewrite ^ {variable} break; }}"
        )
    return lines


def _headers(app: AppSite, settings: SiteSettings) -> Mapping[str, list[tuple[str, str]]]:
    """Return header -> expressions of files and the value for each, the later one goes."""
    unnamed = [*patterns.immutable(), *map(patterns.expression, settings.immutable)]
    found = {_CACHE: [(one, FOR_EVER) for one in unnamed]}
    spelled = {_CACHE.lower(): _CACHE}
    for one in settings.headers:
        name = spelled.setdefault(one.name.lower(), one.name)
        found.setdefault(name, []).append((patterns.expression(one.pattern), one.value))
    # What a person decided for the app goes before what its source says.
    decided = {name.lower() for name, _ in app.settings.headers.items()}
    return {name: rules for name, rules in found.items() if name.lower() not in decided}


def _statuses(settings: SiteSettings) -> list[int]:
    return sorted({one.status for one in settings.redirects})


def sends_to_https(app: AppSite) -> bool:
    """Say whether the site itself wants visitors to come by https."""
    settings = settings_of(app)
    return settings is not None and settings.https_only


def _variable(app: AppSite, what: str) -> str:
    return f"$dokkupy_site_{app.route.app.replace('-', '_')}_{what}"


def _map(variable: str, rules: list[tuple[str, str]], default: str = "") -> str:
    body = "".join(f'    "~{one}" {quote(value)};\n' for one, value in rules)
    return f"map $uri {variable} {{\n    default {quote(default)};\n{body}}}\n"
