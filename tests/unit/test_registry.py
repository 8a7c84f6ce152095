"""What a signature says to every surface."""

from __future__ import annotations

import io
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest

from dokkupy.errors import PluginError, Refused, UsageError
from dokkupy.names import AppName, EnvKey, Scope
from dokkupy.operations.parameters import convert
from dokkupy.operations.registry import (
    Help,
    KeyValue,
    Operation,
    Stdin,
    Verbatim,
    make_operation,
    operation,
    operations_of,
    spec_of,
)
from dokkupy.results import to_json
from dokkupy.types import Endpoint, Environment, RouteState

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.types import Stream


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@operation(summary="Paint something")
def paint(
    platform: Platform,
    app: AppName,
    pairs: Annotated[list[KeyValue], Help("What to set")],
    *,
    colour: Colour = Colour.RED,
    coats: Annotated[int | None, Help("How often", short="n")] = None,
    mode: Literal["dry", "wet"] = "wet",
    restart: bool = True,
    quick: bool = False,
    ratio: float = 0.5,
    file: Path | None = None,
) -> Stream[dict[str, Any]]:
    """Paint, as the long help says."""
    return locals()  # type: ignore[return-value]


@pytest.fixture
def painting() -> Operation:
    return make_operation("art", paint)


def test_a_decorated_function_is_still_the_function_itself() -> None:
    @operation(summary="Add")
    def add(platform: object, one: int) -> int:
        return one + 1

    assert add(None, 2) == 3


def test_the_name_comes_from_the_function_without_its_trailing_underscore() -> None:
    @operation(summary="List all of them")
    def list_all_(platform: object) -> None: ...

    spec = spec_of(list_all_)
    assert spec is not None
    assert spec.name == "list-all"


def test_positional_parameters_are_arguments_and_keyword_only_ones_options(
    painting: Operation,
) -> None:
    kinds = {item.name: item.kind for item in painting.parameters}
    assert [name for name, kind in kinds.items() if kind == "argument"] == ["app", "pairs"]
    assert "platform" not in kinds
    assert kinds["colour"] == "option"


def test_types_are_taken_out_of_optional_list_and_annotated(painting: Operation) -> None:
    by_name = {item.name: item for item in painting.parameters}
    assert (by_name["pairs"].type, by_name["pairs"].many) == (KeyValue, True)
    assert (by_name["coats"].type, by_name["coats"].help, by_name["coats"].short) == (
        int,
        "How often",
        "n",
    )
    assert by_name["mode"].choices == ("dry", "wet")
    assert by_name["colour"].choices == ("red", "blue")


def test_a_flag_that_is_on_by_default_is_spelled_as_its_opposite(painting: Operation) -> None:
    by_name = {item.name: item for item in painting.parameters}
    assert by_name["restart"].spelling == "--no-restart"
    assert by_name["quick"].spelling == "--quick"


def test_texts_become_values_of_the_declared_types(painting: Operation) -> None:
    values = painting.bind(
        {
            "app": "a",
            "pairs": ["K=v=w", "L="],
            "colour": "blue",
            "coats": "3",
            "mode": "dry",
            "ratio": "1.5",
            "file": "/tmp/x",
            "quick": True,
        }
    )
    assert values == {
        "app": "a",
        "pairs": [KeyValue(key=EnvKey("K"), value="v=w"), KeyValue(key=EnvKey("L"), value="")],
        "colour": Colour.BLUE,
        "coats": 3,
        "mode": "dry",
        "restart": True,
        "quick": True,
        "ratio": 1.5,
        "file": Path("/tmp/x"),
    }
    assert isinstance(values["app"], AppName)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("app", "A_b", "not a valid app name"),
        ("colour", "green", "red, blue"),
        ("mode", "damp", "--mode cannot be 'damp'. Use one of: dry, wet."),
        ("coats", "many", "--coats cannot be 'many': it is not a whole number"),
        ("ratio", "half", "it is not a number"),
        ("app", "\udcff", "not valid UTF-8"),
        ("app", "a\n", "not a valid app name"),
    ],
)
def test_a_text_that_does_not_fit_is_refused_with_the_rule(
    painting: Operation, name: str, text: str, complaint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        painting.bind({"app": "a", "pairs": ["K=v"], name: text})
    assert complaint in f"{caught.value.message} {caught.value.hint}"


def test_a_pair_without_equals_sign_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        KeyValue.parse("hunter2")
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_a_bad_key_is_refused_without_its_value() -> None:
    with pytest.raises(UsageError) as caught:
        KeyValue.parse("1A=hunter2")
    assert "1A" in caught.value.message
    assert "hunter2" not in caught.value.message


def test_the_value_of_a_pair_does_not_show_in_its_repr() -> None:
    assert "hunter2" not in repr(KeyValue.parse("KEY=hunter2"))


@pytest.mark.parametrize("given", [{}, {"app": "a"}, {"app": "a", "pairs": []}])
def test_a_required_parameter_that_is_missing_is_refused(
    painting: Operation, given: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="needs"):
        painting.bind(given)


def test_a_parameter_that_does_not_exist_is_refused(painting: Operation) -> None:
    with pytest.raises(UsageError, match="'size'"):
        painting.bind({"app": "a", "pairs": ["K=v"], "size": "3"})


def test_a_scope_takes_the_word_for_all_apps() -> None:
    @operation(summary="Show")
    def show(platform: object, scope: Scope) -> None: ...

    made = make_operation("x", show)
    assert made.parameters[0].metavar == "APP|--global"
    assert made.bind({"scope": "@global"})["scope"] == ""


def test_stdin_is_the_stream_of_the_surface() -> None:
    @operation(summary="Read")
    def read(platform: object, data: Stdin) -> bytes:
        return data.stream.read()

    made = make_operation("x", read)
    values = made.bind({}, io.BytesIO(b"text"))
    assert made.run(None, values) == b"text"  # type: ignore[arg-type]


def test_a_bound_parameter_is_given_by_the_place_and_seen_by_nobody() -> None:
    @operation(summary="Report", reads=True)
    def report(platform: object, noun: str, scope: Scope) -> str:
        return noun

    made = make_operation("nginx", report, {"noun": "nginx"})
    assert [item.name for item in made.parameters] == ["scope"]
    assert made.run(None, made.bind({"scope": "a"})) == "nginx"  # type: ignore[arg-type]


def test_what_cannot_be_undone_is_refused_until_forced(platform: Platform) -> None:
    @operation(summary="Destroy", confirm="app")
    def destroy(platform: object, app: AppName, *, force: bool = False) -> str:
        return "gone"

    made = make_operation("apps", destroy)
    with pytest.raises(Refused) as caught:
        made.run(platform, made.bind({"app": "a"}))
    assert caught.value.hint == "dokkupy apps destroy a --force"
    assert made.run(platform, made.bind({"app": "a", "force": True})) == "gone"


def test_a_scope_that_does_not_come_first_is_a_mistake_of_the_plugin() -> None:
    @operation(summary="Odd")
    def odd(platform: object, key: str, scope: Scope) -> None: ...

    with pytest.raises(PluginError, match="out of place"):
        make_operation("x", odd)


def test_an_argument_after_a_verbatim_list_is_a_mistake_of_the_plugin() -> None:
    @operation(summary="Odd")
    def odd(
        platform: object, command: Annotated[list[str], Verbatim("Words")], app: AppName
    ) -> None: ...

    with pytest.raises(PluginError, match="out of place"):
        make_operation("x", odd)


def test_a_type_that_only_exists_for_type_checkers_is_named() -> None:
    @operation(summary="Odd")
    def odd(platform: object, stream: Stream[None]) -> None: ...

    with pytest.raises(PluginError, match="Stream"):
        make_operation("x", odd)


def test_only_the_operations_that_a_module_defines_are_its_own() -> None:
    class Module:
        __name__ = __name__

    module = Module()
    vars(module).update(paint=paint, other=test_stdin_is_the_stream_of_the_surface)
    assert operations_of(module) == {"paint": paint}
    vars(module)["__name__"] = "elsewhere"
    assert operations_of(module) == {}


def test_a_result_becomes_json_with_environments_hidden_and_plain_dicts_shown() -> None:
    value = {
        "endpoint": Endpoint(host="10.0.0.1", port=5000),
        "state": RouteState.SERVING,
        "path": Path("/x"),
        "env": Environment({"KEY": "hunter2"}),
        "shown": {"KEY": "value"},
        "several": (1, 2.5, None, True),
    }
    assert to_json(value) == {
        "endpoint": {"host": "10.0.0.1", "port": 5000},
        "state": "serving",
        "path": "/x",
        "env": {"KEY": "****"},
        "shown": {"KEY": "value"},
        "several": [1, 2.5, None, True],
    }


@pytest.mark.parametrize("text", ["a" * 256, "a/" * 2100, "a\0b"])
def test_a_path_that_no_file_can_have_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no file can have that name"):
        convert(Path, text, "FILE")
