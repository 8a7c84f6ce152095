from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.sites import patterns


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/**", "/", True),
        ("/**", "/a/b.c", True),
        ("/", "/", True),
        ("/", "/index.html", True),
        ("/", "/a", False),
        ("/about", "/about.html", True),
        ("/about", "/about/x", False),
        ("/docs/", "/docs/index.html", True),
        ("/docs/*", "/docs/x", True),
        ("/docs/*", "/docs/x/y", False),
        ("/docs/*.png", "/docs/x.png", True),
        ("/docs/*.png", "/docs/xxpng", False),
        ("/a.b", "/axb", False),
        ("/a", "/a\n", False),
        ("/ü", "/ü", True),
        ("/a$(b)|c", "/a$(b)|c", True),
    ],
)
def test_patterns_fit_what_they_say(pattern: str, path: str, fits: bool) -> None:
    assert patterns.matches(pattern, path) is fits


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/app.3f9c1ab2.js", True),
        ("/assets/index-0a1b2c3d4e5f.css", True),
        ("/_astro/x.Bxyz.js", True),
        ("/d41d8cd98f00b204e9800998ecf8427e.png", True),
        ("/report-20240131.pdf", False),
        ("/facade-deadbeef.jpg", False),
        ("/index.html", False),
        ("/app.3f9c1ab2", False),
        ("/style.css", False),
    ],
)
def test_only_names_with_a_hash_are_kept_for_ever(path: str, kept: bool) -> None:
    assert patterns.is_immutable(path) is kept


@given(st.text().map("/".__add__))
def test_an_expression_can_mean_nothing_to_a_configuration(pattern: str) -> None:
    found = patterns.expression(pattern)
    assert re.fullmatch(r"[ -~]*", found)
    assert not set(found) & set("\"'`$;{}# ")
    re.compile(found.replace(r"\z", r"\Z"))
