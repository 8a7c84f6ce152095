"""Words are sorted to parameters as Typer would sort them, or left to Typer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dokkupy.cli import commands
from dokkupy.cli.arguments import Given, leading, merged, split
from dokkupy.errors import UsageError
from dokkupy.names import AppName, Scope
from dokkupy.operations.registry import (
    Help,
    KeyValue,
    Operation,
    Stdin,
    Verbatim,
    make_operation,
    operation,
)


@operation(summary="Set")
def set_(
    platform: object,
    scope: Scope,
    pairs: list[KeyValue],
    *,
    restart: bool = True,
    quick: Annotated[bool, Help("Q", short="q")] = False,
    number: Annotated[int | None, Help("N", short="n")] = None,
    label: list[str] | None = None,
    mode: Literal["dry", "wet"] = "dry",
) -> None: ...


@operation(summary="Run")
def run(
    platform: object,
    app: AppName,
    command: Annotated[list[str], Verbatim("Words")],
    *,
    env: Annotated[list[KeyValue] | None, Help("E", short="e")] = None,
    tty: bool = False,
) -> None: ...


@operation(summary="Enter")
def enter(
    platform: object,
    app: AppName,
    container: str = "web",
    command: Annotated[list[str] | None, Verbatim("Words")] = None,
) -> None: ...


@operation(summary="Show")
def show(platform: object, app: AppName, key: str | None = None, *, must: str) -> None: ...


@operation(summary="Import")
def import_(platform: object, app: AppName, data: Stdin) -> None: ...


@operation(summary="List")
def list_(platform: object) -> None: ...


OPERATIONS = [
    make_operation("x", function) for function in (set_, run, enter, show, import_, list_)
]
WORDS = st.sampled_from(
    [
        *["a", "b", "K=v", "3", "", "-", "--", "ls", "é", "a b"],
        *["--quick", "-q", "--no-restart", "--restart", "--number", "--number=3", "-n", "-n3"],
        *["-qn", "--label", "--label=x", "--label=", "--mode=wet", "--mode", "dry", "--must=1"],
        *["--must", "--env", "-e", "--env=A=b", "--tty", "--global", "--json", "--json=1"],
        *["--root", "--root=/r", "--debug", "--bogus", "-x", "--quick=1"],
    ]
)


def read_by_typer(made: Operation, words: list[str]) -> Given | None:
    """Return what Typer reads in the words, None when it refuses them."""
    seen: list[Given] = []

    def keep(_operation: Operation, typed: Given) -> int:
        seen.append(typed)
        return 0

    try:
        commands.command_of(made, keep).main(words, prog_name="x", standalone_mode=False)
    except commands.WRONG_USAGE:
        return None
    return seen[0]


@settings(max_examples=400, deadline=None)
@given(made=st.sampled_from(OPERATIONS), words=st.lists(WORDS, max_size=7))
def test_what_is_read_as_a_plain_case_is_read_by_typer_alike(
    made: Operation, words: list[str]
) -> None:
    try:
        plain = split(made.parameters, words)
    except UsageError:
        assert sum(word.startswith("--root") for word in words) > 1
        return
    if plain is None:
        return
    typed = read_by_typer(made, list(words))
    assert typed is not None
    assert _without_nothing(typed) == _without_nothing(plain)


def _without_nothing(read: Given) -> tuple[dict[str, Any], dict[str, Any]]:
    return {key: value for key, value in read.values.items() if value != []}, read.common


def values(function: Any, *words: str) -> dict[str, Any] | None:
    found = split(make_operation("x", function).parameters, words)
    return found.values if found is not None else None


def test_arguments_and_options_may_stand_in_any_order() -> None:
    assert values(
        set_, "a", "--no-restart", "K=v", "-n", "3", "L=w", "--label=x", "--label", "y"
    ) == {
        "scope": "a",
        "pairs": ["K=v", "L=w"],
        "restart": False,
        "number": "3",
        "label": ["x", "y"],
    }


@pytest.mark.parametrize("words", [("--global", "K=v"), ("K=v", "--quick", "--global")])
def test_global_takes_the_place_of_the_app_wherever_it_stands(words: tuple[str, ...]) -> None:
    found = values(set_, *words)
    assert found is not None
    assert (found["scope"], found["pairs"]) == ("@global", ["K=v"])


def test_global_after_the_double_dash_is_a_word_like_any_other() -> None:
    found = values(set_, "a", "--", "--global")
    assert found is not None
    assert (found["scope"], found["pairs"]) == ("a", ["--global"])


@pytest.mark.parametrize(
    "words",
    [
        ("a", "ls", "-l", "--json", "--", "--tty"),
        ("a", "--", "ls", "-l", "--json", "--", "--tty"),
    ],
)
def test_a_command_keeps_its_own_options_and_one_double_dash_is_dropped(
    words: tuple[str, ...],
) -> None:
    found = split(make_operation("x", run).parameters, words)
    assert found is not None
    assert found.values == {"app": "a", "command": ["ls", "-l", "--json", "--", "--tty"]}
    assert found.common == {}


def test_options_before_the_app_belong_to_run_itself() -> None:
    found = split(make_operation("x", run).parameters, ["--json", "-e", "A=b", "--tty", "a", "env"])
    assert found is not None
    assert found.values == {"app": "a", "command": ["env"], "env": ["A=b"], "tty": True}
    assert found.common == {"json": True}


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (set_, ["a"]),
        (set_, []),
        (show, ["a", "b", "c", "--must=1"]),
        (set_, ["a", "K=v", "--bogus"]),
        (set_, ["a", "K=v", "--help"]),
        (set_, ["a", "K=v", "--number"]),
        (set_, ["a", "K=v", "--quick=1"]),
        (list_, ["a"]),
    ],
)
def test_what_is_wrong_or_rare_is_left_to_typer(function: Any, words: list[str]) -> None:
    assert values(function, *words) is None


def test_common_options_are_taken_off_the_front() -> None:
    assert leading(["--json", "--root", "/r", "apps", "--debug"]) == (
        {"json": True, "root": "/r"},
        ["apps", "--debug"],
    )


@pytest.mark.parametrize(
    "words", [["--root", "/r", "--root=/s", "apps"], ["--root=/r", "--root", "/r"]]
)
def test_a_root_that_was_chosen_cannot_be_chosen_again(words: list[str]) -> None:
    with pytest.raises(UsageError, match="twice"):
        leading(words)
    with pytest.raises(UsageError, match="twice"):
        merged({"root": "/r"}, {"root": "/s"})
