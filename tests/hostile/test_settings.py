"""Values of every setting that is declared, and what the proxy's configuration makes of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import strategies as st

from dokkupy.core_properties import CORE_PROPERTIES
from dokkupy.platform import Platform
from dokkupy.testing.contracts.proxy import route
from dokkupy.types import Endpoint, Property
from dokkupy_core_nginx.quoting import quote
from dokkupy_core_nginx.render_app import render_app
from dokkupy_core_nginx.settings import DEFAULTS, GROUP, NOUN, settings_of
from dokkupy_core_nginx.site import AppSite, Process, Site

from .budget import hostile
from .claims import attempt
from .commands import POOL, index
from .texts import anything, lines_of
from .world import BARE, World

header = st.tuples(st.sampled_from(["X-A: ", "Server:", "X-A", ": "]), anything).map("".join)
fitting = st.sampled_from([*POOL, "16k", "10", "60s", "none", "X-A: b", "sub/Dockerfile", "0"])
texts = anything | fitting | header | lines_of(header)

SITE = Site(
    generation=1, listens=(), process=Process(workers=1, open_files=64), defaults=DEFAULTS, apps=()
)
APP = AppSite(route=route("blog", Endpoint(host="10.0.0.2", port=80)))
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|#[^\n]*|[{};]|(?:\\.|[^\s{};"])+|\s+', re.DOTALL)


@pytest.fixture(scope="module")
def platform(world: World) -> Iterator[Platform]:
    opened = world.platform()
    yield opened
    opened.close()


def declared(platform: Platform) -> list[tuple[str, Property]]:
    nouns = (*CORE_PROPERTIES, *index().properties)
    return [(noun, item) for noun in nouns for item in platform.properties.declared(noun).values()]


@hostile(10, text=texts, number=st.integers(0, 10_000), everywhere=st.booleans())
def test_a_setting_keeps_a_value_that_it_takes_and_nothing_else(
    platform: Platform, text: str, number: int, everywhere: bool
) -> None:
    settings = declared(platform)
    noun, item = settings[number % len(settings)]
    scope = "" if everywhere else BARE
    properties, store = platform.properties, platform.store.database
    kept = "SELECT * FROM documents ORDER BY 1, 2, 3"
    before = [tuple(row) for row in store.rows(kept)]

    def keep() -> list[object]:
        properties.set(noun, scope, item.name, text)
        return [properties.get(noun, scope, item.name)]

    if attempt(keep) is None:
        assert before == [tuple(row) for row in store.rows(kept)]
        return
    assert properties.own(noun, scope, item.name) == text
    shown = {row.key: row for row in properties.report(noun, scope)}[item.name]
    assert shown.value == text
    assert shown.origin == ("global" if everywhere else "app")
    properties.unset(noun, scope, item.name)


def structure(config: str) -> Counter[tuple[str, ...]]:
    """Return how often each directive stands in which block, as nginx reads the text."""
    found: Counter[tuple[str, ...]] = Counter()
    blocks: list[str] = []
    words: list[str] = []
    at = 0
    for token in TOKEN.finditer(config):
        assert token.start() == at, config[at:]
        at, text = token.end(), token[0]
        if text.isspace() or text.startswith("#"):
            continue
        if text in ("{", ";"):
            found[(*blocks, words[0])] += 1
            blocks += words[:1] if text == "{" else []
            words = []
        elif text == "}":
            blocks.pop()
        else:
            words.append(text)
    assert at == len(config)
    assert (blocks, words) == ([], [])
    return found


nginx_values = st.fixed_dictionaries(
    {}, optional={item.name: texts for item in GROUP.properties if item.scopes == "both"}
)


@hostile(5, given=nginx_values)
def test_no_value_adds_a_directive_to_the_proxys_configuration(
    platform: Platform, given: dict[str, str]
) -> None:
    for key, text in given.items():
        attempt(lambda key=key, text=text: platform.properties.set(NOUN, BARE, key, text))
    values: dict[str, Any] = platform.properties.values(NOUN, BARE)
    for key in given:
        platform.properties.unset(NOUN, BARE, key)
    settings = settings_of(values)
    plain = settings_of(values | _plain(values))
    found = structure(render_app(replace(APP, settings=settings), SITE))
    usual = structure(render_app(replace(APP, settings=plain), SITE))
    more = found - usual
    assert {path[-1] for path in more} <= {"add_header"}
    assert sum(more.values()) % max(1, len(settings.headers.items())) == 0


def _plain(values: dict[str, Any]) -> dict[str, object]:
    """Return the usual value of each setting that is text of somebody's choosing."""
    usual = {
        field.name.replace("_", "-"): getattr(DEFAULTS, field.name) for field in fields(DEFAULTS)
    }
    return {key: value for key, value in usual.items() if values[key] not in ("on", "off")}


@hostile(3, text=anything)
def test_a_quoted_text_is_one_word_to_nginx(text: str) -> None:
    try:
        quoted = quote(text)
    except ValueError:
        return
    assert [token[0] for token in TOKEN.finditer(quoted)] == [quoted]
    assert structure(f"return 200 {quoted};") == {("return",): 1}
