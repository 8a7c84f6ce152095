"""Names: what comes through `parse` is safe in paths, image references, URLs and commands."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.errors import UsageError
from dokkupy.names import AppName, EnvKey, HostName, Name, ProcessName, Scope

NAMES: list[type[Name]] = [AppName, ProcessName, EnvKey, HostName]

HOSTILE = [
    "",
    " ",
    ".",
    "..",
    "../a",
    "a/b",
    "a/../b",
    "/etc/passwd",
    "a:b",
    "a;b",
    "a|b",
    "a&b",
    "a$b",
    "$(id)",
    "`id`",
    "a b",
    "a\nb",
    "a\n",
    "\na",
    "a\r",
    "a\0",
    "a\tb",
    "-a",
    "--help",
    "a-",
    "a'b",
    'a"b',
    "a\\b",
    "a%b",
    "a*b",
    "a{b",
    "a,b",
    "@global",
    "é;",
    "a\u2028b",
    "a\ud800",
]

ANYTHING = st.text(max_size=300)
NEARLY = st.text(alphabet=string.ascii_letters + string.digits + "-_.*\n$", max_size=70)


@pytest.mark.parametrize("kind", NAMES, ids=lambda kind: kind.noun)
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_hostile_name_is_refused_with_the_rule(kind: type[Name], text: str) -> None:
    with pytest.raises(UsageError) as refused:
        kind.parse(text)
    assert kind.noun in refused.value.message
    assert refused.value.hint == f"Use {kind.rule}."


def refusal(kind: type[Name], text: str) -> UsageError | None:
    try:
        kind.parse(text)
    except UsageError as refused:
        return refused
    return None


@pytest.mark.parametrize("kind", NAMES, ids=lambda kind: kind.noun)
@given(text=ANYTHING | NEARLY)
def test_a_refusal_shows_the_text_short_and_without_control_characters(
    kind: type[Name], text: str
) -> None:
    refused = refusal(kind, text)
    if refused is not None:
        assert refused.message.isascii()
        assert refused.message.isprintable()
        assert len(refused.message) < 1100


@given(text=ANYTHING | NEARLY)
def test_an_app_name_is_a_dns_label(text: str) -> None:
    try:
        name = AppName.parse(text)
    except UsageError:
        label = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
        assert len(text) > 63 or not label.fullmatch(text)
    else:
        assert name == text
        assert 1 <= len(name) <= 63
        assert set(name) <= set(string.ascii_lowercase + string.digits + "-")
        assert not name.startswith("-")
        assert not name.endswith("-")


@given(text=ANYTHING | NEARLY)
def test_a_process_name_is_a_word_without_dots(text: str) -> None:
    try:
        name = ProcessName.parse(text)
    except UsageError:
        return
    assert set(name) <= set(string.ascii_letters + string.digits + "-_")
    assert len(name) <= 63


@given(text=ANYTHING | NEARLY)
def test_an_environment_key_is_an_identifier(text: str) -> None:
    try:
        key = EnvKey.parse(text)
    except UsageError:
        assert len(text) > 255 or not (text.isascii() and text.isidentifier())
    else:
        assert key.isidentifier()
        assert key.isascii()


@given(text=ANYTHING | NEARLY | st.from_regex(r"[a-zäöüß日本.]{1,40}", fullmatch=True))
def test_a_host_name_is_ascii_lower_case_and_parsed_once(text: str) -> None:
    try:
        host = HostName.parse(text)
    except UsageError:
        return
    assert host.isascii()
    assert host == host.lower()
    assert len(host) <= 253
    assert all(1 <= len(label) <= 63 for label in host.split("."))
    assert "*" not in host.removeprefix("*.")
    assert HostName.parse(host) == host


@pytest.mark.parametrize("text", ["a", "0", "0a", "a" * 63, "a--b", "xn--a", "1-2-3"])
def test_a_dns_label_is_an_app_name(text: str) -> None:
    assert AppName.parse(text) == text


@pytest.mark.parametrize("text", ["A", "a_b", "a.b", "a" * 64, "ä", "a" * 10_000])
def test_what_is_no_dns_label_is_no_app_name(text: str) -> None:
    with pytest.raises(UsageError):
        AppName.parse(text)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("WWW.Example.COM", "www.example.com"),
        ("example.com.", "example.com"),
        ("localhost", "localhost"),
        ("*.example.com", "*.example.com"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("*.Bücher.example", "*.xn--bcher-kva.example"),
        ("日本語。jp", "xn--wgv71a119e.jp"),
    ],
)
def test_a_host_name_gets_its_one_spelling(text: str, host: str) -> None:
    assert HostName.parse(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "a..b",
        ".a",
        "a.*.b",
        "*",
        "*.",
        "**.a",
        "a.b..",
        "-a.b",
        "a-.b",
        "a_b.c",
        f"{'a' * 64}.b",
        ".".join(["a" * 63] * 5),
        f"{'ü' * 62}.de",
        "a:80",
        "[::1]",
        "http://a",
        "a/b",
        "user@a",
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_what_is_no_host_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a valid domain"):
        HostName.parse(text)


def test_the_global_scope_is_false_and_no_app() -> None:
    scope = Scope.parse("@global")
    assert not scope
    assert scope.app is None


def test_a_scope_of_an_app_is_that_app() -> None:
    scope = Scope.parse("shop")
    assert scope.app == AppName("shop")
    assert isinstance(scope.app, AppName)


@pytest.mark.parametrize("text", ["", "@GLOBAL", "@global ", "a,b", "../a"])
def test_what_is_neither_global_nor_an_app_is_no_scope(text: str) -> None:
    with pytest.raises(UsageError):
        Scope.parse(text)


def test_only_the_word_with_the_at_sign_is_global() -> None:
    assert Scope.parse("global").app == AppName("global")
