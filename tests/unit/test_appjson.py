"""The app.json: startup checks are read, and what is wrong with them is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy import appjson
from dokkupy.errors import UsageError
from dokkupy.types import Check


def checks(tree: Path, document: object) -> dict[str, Check]:
    (tree / "app.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return appjson.read_checks(tree)


def startup(**entry: object) -> dict[str, Any]:
    return {"healthchecks": {"web": [{"type": "startup", **entry}]}}


def test_no_file_means_no_checks(tmp_path: Path) -> None:
    assert appjson.read_checks(tmp_path) == {}


@pytest.mark.parametrize("document", [{}, {"name": "shop"}, {"healthchecks": {}}])
def test_a_file_without_checks_means_no_checks(tmp_path: Path, document: object) -> None:
    assert checks(tmp_path, document) == {}


def test_each_setting_of_a_check_is_read(tmp_path: Path) -> None:
    found = checks(tmp_path, startup(path="/up?deep=1", timeout=2, deadline=90, settle=0.5))
    assert found == {"web": Check(path="/up?deep=1", timeout=2.0, deadline=90.0, settle=0.5)}


def test_what_a_check_leaves_out_has_its_default(tmp_path: Path) -> None:
    assert checks(tmp_path, startup()) == {"web": Check()}


def test_an_entry_without_a_type_is_a_startup_check(tmp_path: Path) -> None:
    assert checks(tmp_path, {"healthchecks": {"web": [{"path": "/a"}]}}) == {
        "web": Check(path="/a")
    }


def test_entries_of_other_types_are_left_to_others(tmp_path: Path) -> None:
    entries = [{"type": "liveness", "path": 7}, {"type": "startup", "path": "/a"}, "what"]
    assert checks(
        tmp_path, {"healthchecks": {"web": entries, "clock": [{"type": "liveness"}]}}
    ) == {"web": Check(path="/a")}


@pytest.mark.parametrize(
    "path",
    ["up", "http://a/", "/a b", "/a\r\nHost: evil", "/a\n", "/\0", "/ü", "/\x7f", 7, None, ["/"]],
    ids=ascii,
)
def test_a_path_that_cannot_stand_in_a_request_line_is_refused(
    tmp_path: Path, path: object
) -> None:
    with pytest.raises(UsageError, match="no usable path"):
        checks(tmp_path, startup(path=path))


@pytest.mark.parametrize("key", ["timeout", "deadline", "settle"])
@pytest.mark.parametrize("value", [0, -1, 3601, "5", True, None, [1], float("nan"), float("inf")])
def test_a_time_that_makes_no_sense_is_refused_by_its_name(
    tmp_path: Path, key: str, value: object
) -> None:
    with pytest.raises(UsageError, match=f"{key} of 'web'"):
        checks(tmp_path, startup(**{key: value}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        '{"healthchecks": []}',
        '{"healthchecks": null}',
        '{"healthchecks": {"web": {}}}',
        '{"healthchecks": {"web": "x"}}',
        "[" * 100_000,
        '{"a": ' + "9" * 5000 + "}",
    ],
    ids=lambda text: str(text)[:20],
)
def test_what_has_another_shape_is_refused_with_an_example(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as refused:
        checks(tmp_path, text)
    assert refused.value.message.startswith("app.json")
    assert '"healthchecks"' in refused.value.hint


def test_what_is_no_unicode_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app.json").write_bytes(b'{"a": "\xff\xfe"}')
    with pytest.raises(UsageError, match="not valid JSON"):
        appjson.read_checks(tmp_path)


def test_a_link_is_refused_instead_of_losing_its_checks(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text(json.dumps(startup(path="/up")))
    (tmp_path / "app.json").symlink_to("real.json")
    with pytest.raises(UsageError, match="not a regular file"):
        appjson.read_checks(tmp_path)


def test_a_huge_file_is_refused_without_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "app.json").open("wb") as file:
        file.truncate(2**30)
    monkeypatch.delattr(Path, "read_bytes")
    with pytest.raises(UsageError, match="larger than 256 KiB"):
        appjson.read_checks(tmp_path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["healthchecks", "web", "type", "path", "timeout"]) | st.text(),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


def attempt(tree: Path, document: object) -> dict[str, Check] | UsageError:
    try:
        return checks(tree, document)
    except UsageError as refused:
        return refused


@given(document=json_values | st.builds(lambda entry: startup(path=entry), json_values))
def test_any_document_gives_checks_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, document: object
) -> None:
    found = attempt(tmp_path_factory.getbasetemp(), document)
    if isinstance(found, UsageError):
        assert found.hint
    else:
        assert all(isinstance(check, Check) for check in found.values())
