from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.errors import UsageError
from dokkupy_domains.host import GlobalDomain, Host


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("www.example.com", "www.example.com"),
        ("WWW.Example.COM.", "www.example.com"),
        ("*.example.com", "*.example.com"),
        ("localhost", "localhost"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_host_is_kept_in_its_ascii_form(typed: str, host: str) -> None:
    assert Host.parse(typed) == host


@pytest.mark.parametrize(
    "typed",
    [
        "",
        ".",
        "-a.example",
        "a-.example",
        "a..example",
        "a_b.example",
        "https://example.com",
        "example.com/path",
        "example.com:80",
        "a b.example",
        "a.example\n",
        "a.example;",
        "{a}.example",
        "$host",
        "a.*.example",
        "**.example",
        "*",
        "*.",
        "ü" * 64 + ".example",
        "a" * 64 + ".example",
        "a." * 127 + "ab",
        "\u2028.example",
        "a\u200d.example",
    ],
)
def test_what_is_no_host_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="not a valid domain"):
        Host.parse(typed)


@given(st.text(max_size=80))
def test_any_text_becomes_a_plain_name_or_is_refused(text: str) -> None:
    try:
        host = Host.parse(text)
    except UsageError:
        return
    assert set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.*")
    assert Host.parse(host) == host


@pytest.mark.parametrize("typed", ["*.example.com", ".".join(["a" * 60] * 4)])
def test_global_domain_leaves_room_for_the_name_of_an_app(typed: str) -> None:
    with pytest.raises(UsageError, match="cannot be a global domain"):
        GlobalDomain.parse(typed)
