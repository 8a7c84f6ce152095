from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.errors import UsageError
from dokkupy.sites import settings
from dokkupy.sites.settings import LABEL
from dokkupy.types import SiteFallback, SiteHeader, SiteRedirect, SiteSettings

WHOLE = {
    "root": "dist/",
    "clean_urls": True,
    "https_only": True,
    "error_page": "errors/404.html",
    "routes": {"/app/**": "index.html", "/**": "/other.html"},
    "headers": {"/**": {"X-A": "1", "Cache-Control": "no-store"}},
    "redirects": {"/old": {"url": "/new"}, "/far": {"url": "https://example.com/", "status": 308}},
    "immutable": ["/assets/**"],
}
READ = SiteSettings(
    clean_urls=True,
    https_only=True,
    error_page="/errors/404.html",
    fallbacks=(
        SiteFallback(pattern="/app/**", file="/index.html"),
        SiteFallback(pattern="/**", file="/other.html"),
    ),
    headers=(
        SiteHeader(pattern="/**", name="X-A", value="1"),
        SiteHeader(pattern="/**", name="Cache-Control", value="no-store"),
    ),
    redirects=(
        SiteRedirect(path="/old", url="/new", status=302),
        SiteRedirect(path="/far", url="https://example.com/", status=308),
    ),
    immutable=("/assets/**",),
)


def test_every_key_is_read() -> None:
    assert settings.parse(json.dumps(WHOLE)) == (READ, "dist/")


def test_an_empty_one_decides_nothing() -> None:
    assert settings.parse("{}") == (SiteSettings(), None)


def test_settings_come_back_from_a_label_and_from_a_ledger() -> None:
    assert settings.from_label({LABEL: settings.to_label(READ)}) == READ
    assert settings.from_label({}) is None
    assert settings.of_json(json.loads(json.dumps(asdict(READ)))) == READ
    assert settings.of_json(None) is None


@pytest.mark.parametrize(
    "document",
    [
        [],
        1,
        {"proxies": {}},
        {"root": 1},
        {"clean_urls": "yes"},
        {"error_page": "../x"},
        {"error_page": "a/*"},
        {"routes": []},
        {"routes": {"app": "index.html"}},
        {"routes": {"/a\nb": "index.html"}},
        {"routes": {"/**": "../../etc/passwd"}},
        {"routes": {"/*/*/*/*": "index.html"}},
        {"routes": {"/***": "index.html"}},
        {"routes": {"/" + "ü" * 300: "index.html"}},
        {"routes": {"/\ud800": "index.html"}},
        {"root": "\ud800"},
        {"root": "a\0"},
        {"headers": {"/": {"X-A": "$" * 101}}},
        {"routes": {f"/{n}": "x" for n in range(501)}},
        {"headers": {"/": {"X-A": "a\r\nSet-Cookie: b"}}},
        {"headers": {"/": {"X-A": "ü"}}},
        {"headers": {"/": {"X A": "1"}}},
        {"headers": {"/": {"Content-Length": "1"}}},
        {"headers": {"/": {"transfer-encoding": "chunked"}}},
        {"headers": {"/": {"X-A": "x" * 1001}}},
        {"redirects": {"/a": "/b"}},
        {"redirects": {"/a": {}}},
        {"redirects": {"/a": {"url": "//evil.example"}}},
        {"redirects": {"/a": {"url": "/\\evil.example"}}},
        {"redirects": {"/a": {"url": "javascript:alert(1)"}}},
        {"redirects": {"/a": {"url": "/b\r\nX: y"}}},
        {"redirects": {"/a": {"url": "/b", "status": 200}}},
        {"redirects": {"/a": {"url": "/b", "status": True}}},
        {"redirects": {"/a": {"url": "/b", "status": 301.0}}},
        {"redirects": {"/a": {"url": "/b", "status": []}}},
        {"redirects": {"/a/*": {"url": "/b"}}},
        {"immutable": "/a"},
    ],
)
def test_what_means_nothing_is_refused_with_an_example(document: object) -> None:
    with pytest.raises(UsageError) as refusal:
        settings.parse(json.dumps(document))
    assert refusal.value.message.startswith("static.json ")
    assert "static.json" in refusal.value.hint


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_any_json_is_read_or_refused(text: str) -> None:
    with pytest.raises(UsageError):
        settings.parse(text)


@given(
    st.dictionaries(
        st.sampled_from(["routes", "headers", "redirects"]),
        st.dictionaries(
            st.text(max_size=8).map("/".__add__),
            st.text(max_size=8) | st.dictionaries(st.sampled_from(["url", "X-A"]), st.text()),
            max_size=3,
        ),
    ).map(json.dumps)
)
def test_what_is_accepted_survives_its_label(text: str) -> None:
    try:
        found, _ = settings.parse(text)
    except UsageError:
        return
    assert settings.from_label({LABEL: settings.to_label(found)}) == found
