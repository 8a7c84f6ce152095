"""The tutorials show what is written to disk, line for line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dokkupy.scaffold import PluginName
from dokkupy.scaffold.writing import KINDS, render

DOCS = Path(__file__).parents[2] / "docs" / "plugins"
BLOCK = re.compile(r'^```\w+ title="(?P<file>[^"]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
PAGES = {
    "tutorial.md": ("hello", "minimal"),
    "tutorial-builder.md": ("recipes", "builder"),
    "tutorial-proxy.md": ("relay", "proxy"),
    "tutorial-service.md": ("memcached", "service"),
}


def lines(text: str) -> list[str]:
    """Return the lines that are not empty: a page has others between its blocks."""
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_make_up_whole_files(page: str) -> None:
    name, kind = PAGES[page]
    files = render(PluginName(name), kind)
    shown: dict[str, list[str]] = {}
    for block in BLOCK.finditer((DOCS / page).read_text()):
        shown.setdefault(block["file"], []).extend(lines(block["text"]))
    assert shown
    for file, found in shown.items():
        assert found == lines(files[file]), f"{page} shows another {file}"


def test_the_first_page_shows_every_module() -> None:
    text = (DOCS / "tutorial.md").read_text()
    shown = {block["file"] for block in BLOCK.finditer(text)}
    modules = {file for file in render(PluginName("hello"), "minimal") if file.endswith(".py")}
    assert shown == modules - {"dokkupy_hello/__init__.py"} | {"pyproject.toml", "tox.ini"}
    for file in render(PluginName("hello"), "minimal"):
        assert f"…/dokkupy-plugin-hello/{file}" in text


def test_every_kind_has_a_page() -> None:
    assert {kind for _, kind in PAGES.values()} == set(KINDS)
    for name, kind in PAGES.values():
        text = "".join((DOCS / page).read_text() for page in PAGES)
        flag = "" if kind == "minimal" else f" --kind {kind}"
        assert f"dokkupy plugin new {name}{flag}" in text
