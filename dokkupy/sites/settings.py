"""What a `static.json` may say, read from the source of a site or from the label of its image."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from dokkupy.errors import UsageError
from dokkupy.types import SiteFallback, SiteHeader, SiteRedirect, SiteSettings

LABEL: Final = "dokkupy.site"
"""On an image that is nothing but a site: its settings."""
FOLDER: Final = "/site"
"""Where the files of a site lie in its image."""
INDEX: Final = "index.html"

_HINT: Final = (
    'Write static.json like this: {"root": "dist/", "clean_urls": true, "routes": {"/**": '
    '"index.html"}, "error_page": "404.html"}.'
)
_KEYS: Final = (
    "root",
    "clean_urls",
    "https_only",
    "error_page",
    "routes",
    "headers",
    "redirects",
    "immutable",
)
"""The first is of the source alone, the last beside those of Heroku's static buildpack."""
_MOST_RULES: Final = 500
_LONGEST: Final = 1000
"""Characters of any text."""
_LONGEST_PATH: Final = 500
"""Bytes."""
_MOST_STARS: Final = 3
"""Each more would multiply what a proxy has to try for a long path."""
_MOST_DOLLARS: Final = 100
"""A proxy may need a name for each."""
_STATUSES: Final = (301, 302, 307, 308)
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_OF_THE_PROXY: Final = frozenset(
    {
        "accept-ranges",
        "age",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "date",
        "etag",
        "keep-alive",
        "last-modified",
        "location",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_URL: Final = re.compile(r"(?:https?://[A-Za-z0-9]|/(?![/\\]))[!-~]*|/")


def parse(text: str, *, what: str = "static.json") -> tuple[SiteSettings, str | None]:
    """Return the settings in the text of a `static.json`, and its `root` when it names one.

    Raises:
        UsageError: something in it is not understood.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what} is no JSON: {error}."[:200], hint=_HINT) from None
    return _Reader(what).read(document)


def to_label(settings: SiteSettings) -> str:
    """Return settings as the value of `LABEL`."""
    return json.dumps(
        {
            "clean_urls": settings.clean_urls,
            "https_only": settings.https_only,
            "error_page": settings.error_page,
            "routes": {one.pattern: one.file for one in settings.fallbacks},
            "headers": _nested(settings),
            "redirects": {
                one.path: {"url": one.url, "status": one.status} for one in settings.redirects
            },
            "immutable": list(settings.immutable),
        }
    )


def from_label(labels: Mapping[str, str]) -> SiteSettings | None:
    """Return the settings that an image carries, None when it is no site.

    Raises:
        UsageError: the label is not one that dokkupy has written.
    """
    text = labels.get(LABEL)
    return None if text is None else parse(text, what=f"The image's label {LABEL}")[0]


def of_json(value: Mapping[str, Any] | None) -> SiteSettings | None:
    """Return settings that were kept with `asdict`."""
    if value is None:
        return None
    return SiteSettings(
        **{
            **value,
            "fallbacks": tuple(SiteFallback(**one) for one in value["fallbacks"]),
            "headers": tuple(SiteHeader(**one) for one in value["headers"]),
            "redirects": tuple(SiteRedirect(**one) for one in value["redirects"]),
            "immutable": tuple(value["immutable"]),
        }
    )


def _nested(settings: SiteSettings) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for one in settings.headers:
        found.setdefault(one.pattern, {})[one.name] = one.value
    return found


class _Reader:
    def __init__(self, what: str) -> None:
        self._what = what

    def read(self, document: object) -> tuple[SiteSettings, str | None]:
        known = self._object(document, "it")
        for key in known:
            if key not in _KEYS:
                raise self._refusal(f"has {key!a:.80}, which means nothing")
        root = self._text(known["root"], "root") if "root" in known else None
        if root is not None and not root.isprintable():
            raise self._refusal("has a root that is no name of a folder")
        return SiteSettings(
            clean_urls=self._flag(known, "clean_urls"),
            https_only=self._flag(known, "https_only"),
            error_page=self._file(known["error_page"]) if known.get("error_page") else "",
            fallbacks=tuple(
                SiteFallback(pattern=self._path(pattern), file=self._file(file))
                for pattern, file in self._rules(known, "routes")
            ),
            headers=tuple(self._headers(known)),
            redirects=tuple(
                self._redirect(path, value) for path, value in self._rules(known, "redirects")
            ),
            immutable=tuple(self._path(one) for one in self._list(known, "immutable")),
        ), root

    def _headers(self, known: Mapping[str, object]) -> Iterator[SiteHeader]:
        for pattern, value in self._rules(known, "headers"):
            for name, text in self._object(value, f"headers of {pattern!a:.80}").items():
                if not _HEADER.fullmatch(name) or name.lower() in _OF_THE_PROXY:
                    raise self._refusal(f"sets the header {name!a:.80}, which it cannot")
                said = self._text(text, f"the header {name}")
                if not said.isascii() or not said.isprintable():
                    raise self._refusal(f"sets the header {name} to what no header can hold")
                yield SiteHeader(pattern=self._path(pattern), name=name, value=said)

    def _redirect(self, path: str, value: object) -> SiteRedirect:
        said = self._object(value, f"the redirect of {path!a:.80}")
        url, status = self._text(said.get("url"), "the url of a redirect"), said.get("status", 302)
        if not _URL.fullmatch(url):
            raise self._refusal(
                f"leads to {url!a:.80}, which is neither a path nor an http address"
            )
        if type(status) is not int or status not in _STATUSES:
            raise self._refusal(f"leads to {url:.80} with a status that is no redirect")
        if "*" in path:
            raise self._refusal(f"has a redirect of {path!a:.80}; one path leads to one address")
        return SiteRedirect(path=self._path(path), url=url, status=status)

    def _rules(self, known: Mapping[str, object], key: str) -> Iterator[tuple[str, object]]:
        rules = self._object(known.get(key, {}), key)
        if len(rules) > _MOST_RULES:
            raise self._refusal(f"has more than {_MOST_RULES} {key}")
        yield from rules.items()

    def _list(self, known: Mapping[str, object], key: str) -> list[object]:
        value = known.get(key, [])
        if not isinstance(value, list) or len(value) > _MOST_RULES:
            raise self._refusal(f"has {key} that is no list of patterns")
        return value

    def _object(self, value: object, what: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._refusal(f"is not understood: {what} is no object")
        return value

    def _flag(self, known: Mapping[str, object], key: str) -> bool:
        value = known.get(key, False)
        if not isinstance(value, bool):
            raise self._refusal(f"has {key} that is neither true nor false")
        return value

    def _text(self, value: object, what: str) -> str:
        if not isinstance(value, str) or len(value) > _LONGEST or value.count("$") > _MOST_DOLLARS:
            raise self._refusal(f"is not understood: {what} is no text of at most {_LONGEST}")
        return value

    def _path(self, value: object) -> str:
        path = self._text(value, "a path")
        parts = path.split("/")
        if (
            not path.startswith("/")
            or not path.isprintable()
            or any(part in (".", "..") for part in parts)
            or len(path.encode()) > _LONGEST_PATH
            or len(re.findall(r"\*+", path)) > _MOST_STARS
            or "***" in path
        ):
            raise self._refusal(f"has {path!a:.80}, which is no path; write it like /assets/**")
        return path

    def _file(self, value: object) -> str:
        path = self._path("/" + self._text(value, "a file").removeprefix("/"))
        if "*" in path or path.endswith("/") or path == "/":
            raise self._refusal(f"has {path!a:.80}, which is no file")
        return path

    def _refusal(self, what: str) -> UsageError:
        return UsageError(f"{self._what} {what}.", hint=_HINT)
