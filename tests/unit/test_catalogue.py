"""Every operation of the core and of the installed plugins is described, whole and true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from dokkupy.errors import NotFound, PluginError
from dokkupy.operations import catalogue, schema
from dokkupy.operations.registry import make_operation, operation
from dokkupy.types import Environment, ExitStatus, Feed, Stream

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dokkupy.platform import Platform
    from dokkupy.testing.cli import Cli


@pytest.fixture
def whole(root: Path) -> catalogue.Catalogue:
    """Give the catalogue with all plugins that are installed."""
    from dokkupy.platform import Platform

    platform = Platform(root)
    found = catalogue.list_(platform)
    platform.close()
    assert platform.hooks.warnings == []
    assert len(found.operations) == sum(map(len, platform.hooks.index.commands.values()))
    return found


def test_everything_has_schemas_a_summary_and_errors(whole: catalogue.Catalogue) -> None:
    for one in whole.operations:
        assert one.summary, one.name
        assert one.help, one.name
        assert {"plugin", "state"} <= {error.code for error in one.errors}, one.name
        for described in (one.parameters, one.result, one.lines):
            Draft202012Validator.check_schema(described or {})
        assert set(one.arguments) <= one.parameters["properties"].keys(), one.name
        assert one.confirm in ("", *one.parameters["properties"]), one.name
        assert one.name in one.text()


def test_listing_and_showing_agree(cli: Cli) -> None:
    everything = {
        one["name"]: one for one in cli("operations", "list", "--json").json["operations"]
    }
    shown = cli("operations", "show", "apps", "create", "--json").json
    assert shown == everything["apps create"]
    assert cli("operations", "show", "apps:create", "--json").json == shown
    assert shown["parameters"]["required"] == ["app"]
    assert shown["result"]["properties"]["remote"] == {"type": "string"}
    assert {error["code"]: error["exit_code"] for error in shown["errors"]} == {
        "usage": 2,
        "not-found": 3,
        "conflict": 4,
        "locked": 6,
        "proxy-refused": 13,
        "plugin": 14,
        "state": 15,
    }
    assert "Result: CreatedApp" in cli("operations", "show", "apps", "create").text


def test_an_operation_that_is_not_there_is_not_found(platform: Platform) -> None:
    for words in ([], ["apps"], ["apps", "fly"], ["apps", "create", "x"]):
        with pytest.raises(NotFound):
            catalogue.show(platform, words)


def described(function: Any) -> schema.Answer:
    return schema.answer(make_operation("probe", operation(summary="Probe")(function)))


def test_answers_are_told_apart() -> None:
    def plain(platform: Platform) -> Mapping[str, list[int | None]]:
        raise NotImplementedError

    def working(platform: Platform) -> Stream[str]:
        raise NotImplementedError

    def feeding(platform: Platform) -> list[str] | Feed[float]:
        raise NotImplementedError

    def handing_over(platform: Platform) -> ExitStatus:
        raise NotImplementedError

    def hiding(platform: Platform) -> Environment:
        raise NotImplementedError

    numbers = {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}
    assert described(plain).result == {"type": "object", "additionalProperties": numbers}
    assert described(working) == schema.Answer(result={"type": "string"}, lines=None, progress=True)
    assert described(feeding) == schema.Answer(
        result={"type": "array", "items": {"type": "string"}},
        lines={"type": "number"},
        progress=True,
    )
    assert described(handing_over).result is None
    assert described(hiding).result == {
        "type": "object",
        "additionalProperties": {"const": "****"},
    }


def test_what_has_no_place_in_json_is_refused_by_name() -> None:
    def blob(platform: Platform) -> bytes:
        raise NotImplementedError

    def silent(platform: Platform):  # type: ignore[no-untyped-def]
        raise NotImplementedError

    with pytest.raises(PluginError, match="bytes"):
        described(blob)
    with pytest.raises(PluginError, match="does not say what it returns"):
        described(silent)
