from __future__ import annotations

import pytest

from dokkupy.errors import UsageError
from dokkupy_basic_auth.openings import Opening


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("/health", "/health"),
        ("/hooks/", "/hooks/"),
        ("/a/b-c/d.txt", "/a/b-c/d.txt"),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7/32", "192.0.2.7"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("2001:DB8::/32", "2001:db8::/32"),
    ],
)
def test_paths_and_networks_have_one_spelling(text: str, normal: str) -> None:
    assert Opening.parse(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "//",
        "/a//b",
        "/../x",
        "/.env",
        "/a/./b",
        '/a"b',
        "/a b",
        "/a\n",
        "/a%2e",
        "/a;b",
        "/a$b",
        "/" + "a" * 200,
        "health",
        "192.0.2.7/24",
        "192.0.2.300",
        "0.0.0.0/0",
        "::/0",
        "fe80::1%eth0",
    ],
)
def test_what_stands_for_everything_or_could_mean_two_things_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        Opening.parse(text)
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("/a.b/c", r'$request_uri ~ "^/a\.b/c(?:\?|\z)"'),
        ("/a/", r'$request_uri ~ "^/a/(?!\.|[^?]*(?:/\.|\\\\|%(?i:2e|2f|5c|00)))"'),
        ("192.0.2.7", r'$binary_remote_addr ~ "^\xc0\x00\x02\x07\z"'),
        ("10.32.0.0/11", r'$binary_remote_addr ~ "^\x0a[\x20-\x3f](?s:.{2})\z"'),
        ("2001:db8::/32", r'$binary_remote_addr ~ "^\x20\x01\x0d\xb8(?s:.{12})\z"'),
    ],
)
def test_each_is_one_condition(text: str, condition: str) -> None:
    assert Opening.parse(text).condition == condition
