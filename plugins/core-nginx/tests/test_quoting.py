from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dokkupy.testing import client
from dokkupy.testing.contracts.proxy import route
from dokkupy_core_nginx.quoting import LONGEST, quote
from dokkupy_core_nginx.testing import NginxBench

PRINTABLE = st.text(
    st.one_of(
        st.characters(min_codepoint=0x20, exclude_characters="\x7f", exclude_categories=["Cs"]),
        st.sampled_from("\"'\\${};#~ "),
    ),
    max_size=300,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(PRINTABLE, min_size=20, max_size=20))
def test_nginx_reads_exactly_the_text_that_was_quoted(bench: NginxBench, texts: list[str]) -> None:
    bench.snippets["one"] = {
        "quoting": "".join(
            f"location = /{number} {{ return 200 {quote(text)}; }}\n"
            for number, text in enumerate(texts)
        )
    }
    bench.proxy.apply([route("one")], changed="one")
    answers = [client.get(bench.port, "one.test", f"/{number}").text for number in range(20)]
    assert answers == texts


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", "a\x7fb", "a\tb", "\x1b[31m"])
def test_control_characters_cannot_be_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        quote(text)


def test_what_nginx_has_no_room_for_cannot_be_quoted(bench: NginxBench) -> None:
    with pytest.raises(ValueError, match="longer"):
        quote("x" * (LONGEST + 1))
    with pytest.raises(ValueError, match="longer"):
        quote("$" * 400)
    bench.snippets["one"] = {
        "quoting": f"location = /long {{ return 200 {quote('x' * LONGEST)}; }}"
    }
    bench.proxy.apply([route("one")], changed="one")
    assert len(client.get(bench.port, "one.test", "/long").body) == LONGEST
