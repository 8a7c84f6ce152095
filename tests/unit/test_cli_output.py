"""How results look to people and to programs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from dokkupy.cli import output
from dokkupy.errors import NotFound
from dokkupy.types import Environment, Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    name: str
    release: int | None
    hosts: tuple[str, ...] = ()
    seen_at: float = 0.0
    running: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    name: str

    def text(self) -> str:
        return f"It is {self.name}."


def test_a_list_of_dataclasses_is_an_aligned_table() -> None:
    rows = [
        Row(name="a", release=12, hosts=("a.example", "b.example"), running=True),
        Row(name="longer", release=None),
    ]
    assert output.as_text(rows) == (
        "NAME    RELEASE  HOSTS                SEEN AT  RUNNING\n"
        "a       12       a.example b.example  never    yes\n"
        "longer                                never    no"
    )


def test_a_dataclass_is_a_line_for_each_field() -> None:
    assert output.as_text(Row(name="a", release=1)) == (
        "name:    a\nrelease: 1\nhosts:\nseen at: never\nrunning: no"
    )


def test_a_result_that_has_words_of_its_own_is_told_in_them() -> None:
    assert output.as_text(Told(name="x")) == "It is x."
    assert output.as_text([Told(name="x"), Told(name="y")]) == "It is x.\nIt is y."


def test_an_empty_list_says_what_to_do_next() -> None:
    assert output.as_text([], "No apps yet.") == "No apps yet."
    assert output.as_text([]) is None


def test_nothing_is_said_of_nothing() -> None:
    assert output.as_text(None) is None


def test_a_text_is_given_as_it_is() -> None:
    assert output.as_text("two\nlines\x1b[0m") == "two\nlines\x1b[0m"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 🎉", "plain ü 🎉"),
        ("two\nlines", "two\\nlines"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\u202eright to left", "\\u202eright to left"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped_in_a_cell(text: str, shown: str) -> None:
    assert output.cell(text) == shown


def test_a_moment_is_shown_in_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert output.cell(86400.0, "created_at") == "1970-01-02 00:00:00"
    assert output.cell(86400.0, "size") == "86400.0"
    monkeypatch.undo()
    time.tzset()


def test_the_values_of_an_environment_stay_hidden() -> None:
    assert output.as_text(Environment(KEY="hunter2")) == "KEY: ****"


def test_json_is_one_document_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_result([Row(name="ü", release=None)], as_json=True)
    assert json.loads(capsys.readouterr().out) == [
        {"name": "ü", "release": None, "hosts": [], "seen_at": 0.0, "running": False}
    ]
    output.show_result([], as_json=True, empty="No apps yet.")
    assert capsys.readouterr().out == "[]\n"
    output.show_result(None, as_json=True)
    assert capsys.readouterr().out == "null\n"


@pytest.mark.parametrize(
    ("stream", "as_json", "where"),
    [
        ("output", False, "out"),
        ("progress", False, "out"),
        ("warning", False, "err"),
        ("output", True, "err"),
        ("progress", True, "err"),
    ],
)
def test_lines_leave_stdout_to_the_json_result(
    capsys: pytest.CaptureFixture[str], stream: str, as_json: bool, where: str
) -> None:
    output.show_line(Line(text="x", stream=stream), as_json=as_json)  # type: ignore[arg-type]
    captured = capsys.readouterr()
    assert getattr(captured, where) == "x\n"
    assert captured.out + captured.err == "x\n"


def test_an_error_is_cause_evidence_and_remedy_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = NotFound("App x does not exist.", hint="dokkupy apps list", detail="one\n\x1b[2Jtwo")
    output.show_error(error, as_json=False)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "Error: App x does not exist.\n  one\n  \\x1b[2Jtwo\n  -> dokkupy apps list\n"
    )


def test_an_error_in_json_has_the_same_body_everywhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = NotFound("App x does not exist.", hint="dokkupy apps list")
    output.show_error(error, as_json=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err) == error.as_dict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    memory: int
    cpus: float


def test_limits_are_told_as_they_are_typed() -> None:
    assert output.as_text([Limits(memory=2**29, cpus=0.0), Limits(memory=4194305, cpus=1.5)]) == (
        "MEMORY   CPUS\n512m     no limit\n4194305  1.5"
    )


def test_what_was_just_said_is_not_said_again(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_result(Told(name="x"), as_json=False, said="It is x.")
    assert capsys.readouterr().out == ""
    output.show_result("Changed.\nIt is x.", as_json=False, said="It is x.")
    assert capsys.readouterr().out == "Changed.\n"
    output.show_result("", as_json=False)
    assert capsys.readouterr().out == "\n"
    output.show_result("It is x.", as_json=True, said="It is x.")
    assert capsys.readouterr().out == '"It is x."\n'
