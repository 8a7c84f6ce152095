from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dokkupy.errors import UsageError
from dokkupy.testing import client
from dokkupy.testing.contracts.proxy import route
from dokkupy_core_nginx.headers import Headers
from dokkupy_core_nginx.settings import DEFAULTS
from dokkupy_core_nginx.testing import NginxBench


def test_lists_names_and_values_in_their_order() -> None:
    headers = Headers.parse("  X-Frame-Options:DENY \n\nLink: </a>; rel=x\nLink: </b>: y\n")
    assert headers == "X-Frame-Options: DENY\nLink: </a>; rel=x\nLink: </b>: y"
    assert headers.items() == (
        ("X-Frame-Options", "DENY"),
        ("Link", "</a>; rel=x"),
        ("Link", "</b>: y"),
    )
    assert Headers.parse("").items() == ()


@pytest.mark.parametrize(
    "text",
    [
        "no colon",
        "X-Empty:",
        ": value",
        "X Y: z",
        "X_Y: z",
        'X"; return 200 "x: z',
        "X$host: z",
        "X-Ümlaut: z",
        "-X: z",
        "X-A: a\rX-B: b",
        "X-A: a\0b",
        "X-A: a\x0bb",
        "X-A: " + "x" * 5000,
    ],
)
def test_refuses_what_is_no_header(text: str) -> None:
    with pytest.raises(UsageError):
        Headers.parse(text)


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "CONNECTION", "Upgrade"])
def test_refuses_headers_that_tell_where_a_message_ends(name: str) -> None:
    with pytest.raises(UsageError, match="belongs to the proxy"):
        Headers.parse(f"{name}: 1")


HOSTILE = [
    '"; return 200 "owned',
    "'; } server { listen 1; }",
    "$host ${uri} $1 $$ ${",
    "a;b{c}d#e\\",
    '\\" \\\\" \\n',
    "ünïcode 🚢",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_arrives_as_it_was_set(bench: NginxBench, value: str) -> None:
    assert arrives(bench, value)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(value=st.text(st.sampled_from("\"'\\${};# ab\t\r\n\0é🚢"), min_size=1, max_size=60))
def test_a_value_arrives_as_it_was_set_or_is_refused(bench: NginxBench, value: str) -> None:
    assert arrives(bench, value)


def arrives(bench: NginxBench, value: str) -> bool:
    try:
        headers = Headers.parse(f"X-Value: {value}")
    except UsageError:
        return True
    bench.settings["one"] = replace(DEFAULTS, headers=headers)
    bench.proxy.apply([route("one")], changed="one")
    reply = client.get(bench.port, "one.test")
    sent = reply.headers["x-value"].encode("latin-1").decode()
    wanted = (503, dict(headers.items())["X-Value"])
    assert (reply.status, sent) == wanted
    return True
