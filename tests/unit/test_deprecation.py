"""A deprecation names what ends, when, and what to use; and it does end then."""

from __future__ import annotations

import ast
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

import dokkupy
from dokkupy import PLUGIN_API_VERSION, hookimpl
from dokkupy.deprecation import DokkupyDeprecationWarning, warn_deprecated
from dokkupy.names import AppName

if TYPE_CHECKING:
    from dokkupy.platform import Platform


def greeting() -> str:
    """Stand for a function of the plugin API that has a successor."""
    warn_deprecated("dokkupy.greeting", ends_in="2.0", instead="dokkupy.hello")
    return "hello"


def test_a_plugin_that_uses_what_ends_still_works_and_is_told(platform: Platform) -> None:
    plugin = ModuleType("old-plugin")

    @hookimpl
    def nginx_render(app: AppName) -> str:
        return f"# {greeting()} {app}"

    plugin.__dict__["nginx_render"] = nginx_render
    platform.hooks.add("old-plugin", plugin)
    with pytest.warns(DokkupyDeprecationWarning) as told:
        assert platform.hooks.nginx_render(app=AppName("a")) == {"old-plugin": "# hello a"}
    [warning] = told
    assert str(warning.message) == (
        "dokkupy.greeting ends with plugin API 2.0. Use dokkupy.hello instead."
    )
    assert warning.filename == __file__


def test_nothing_deprecated_outlives_the_version_that_it_ends_in() -> None:
    for file in sorted(Path(dokkupy.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "warn_deprecated":
                given = {word.arg: ast.literal_eval(word.value) for word in node.keywords}
                assert Version(given["ends_in"]) > Version(PLUGIN_API_VERSION), file
