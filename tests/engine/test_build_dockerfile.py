from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.engine_docker.dockerfile import (
    are_plain,
    bases_if_nothing_runs,
    instructions,
    with_labels,
)

LABELS = {"dokkupy.root": "r1", "dokkupy.app": "hello"}
LINE = "LABEL dokkupy.app=hello dokkupy.root=r1\n"


def test_labels_go_before_the_apps_own_files() -> None:
    text = "FROM base\nRUN apt-get install x\nCOPY . /app\nCMD serve\n"
    expected = f"FROM base\nRUN apt-get install x\n{LINE}COPY . /app\nCMD serve\n"
    assert with_labels(text, LABELS) == expected


def test_labels_go_into_the_last_stage_and_mark_what_those_before_it_leave() -> None:
    text = "FROM base AS build\nCOPY . /src\nRUN make\nFROM base\nCOPY --from=build /src/out /app\n"
    first = f"{LINE.strip()} dokkupy.stage=build\n"
    last = f"{LINE.strip()} dokkupy.stage=\n"
    assert with_labels(text, LABELS) == text.replace("COPY .", f"{first}COPY .") + last


def test_a_stage_that_reads_nothing_of_the_app_is_shared_and_not_marked() -> None:
    text = "FROM base AS tools\nRUN apt-get install make\nFROM tools\nCOPY . /src\n"
    last = f"{LINE.strip()} dokkupy.stage=\n"
    assert with_labels(text, LABELS) == text.replace("COPY", f"{last}COPY")


def test_labels_do_not_tear_a_continued_instruction_apart() -> None:
    text = "FROM base\nCOPY a \\\n  # why\n  b \\\n  /app/\nADD c /\n"
    assert with_labels(text, LABELS) == text.replace("COPY", f"{LINE}COPY")


def test_escape_directive_is_heeded() -> None:
    text = "# escape=`\nFROM base\nRUN dir `\n  COPY\nCOPY c:\\ \\\nCMD x\n"
    assert with_labels(text, LABELS) == text.replace("COPY c:", f"{LINE}COPY c:")


def test_file_without_final_newline_still_ends_its_last_instruction() -> None:
    assert with_labels("FROM base\nCMD serve", LABELS) == f"FROM base\nCMD serve\n{LINE}"


def test_labels_that_need_quotes_are_not_plain() -> None:
    assert are_plain(LABELS)
    assert not are_plain({"title": "two words"})
    assert not are_plain({"title": "$HOME"})
    assert not are_plain({"title": "x\nRUN evil"})


@pytest.mark.parametrize(
    ("text", "bases"),
    [
        ("FROM base\nCOPY . /\n", ["base"]),
        ("from --platform=linux/amd64 base:1 as one\nFROM one\nFROM scratch\n", ["base:1"]),
        ("# RUN nothing\nFROM base\nENV X=RUN\n", ["base"]),
        ("FROM base\nRUN true\n", None),
        ("FROM base\nrun true\n", None),
        ("FROM base\nRU\\\nN true\n", None),
        ("FROM base\nONBUILD RUN true\n", None),
        ("ARG BASE=base\nFROM $BASE\n", None),
        ("# syntax=docker/dockerfile:1\nFROM base\n", None),
        ("FROM\n", None),
    ],
)
def test_only_a_build_that_surely_runs_nothing_does_without_limits(
    text: str, bases: list[str] | None
) -> None:
    assert bases_if_nothing_runs(text) == bases


@given(st.text(alphabet="FROMRUNCPY \\\n\r#`=escape$", max_size=60))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    for instruction in instructions(text):
        assert instruction.keyword == instruction.keyword.upper()
    assert LINE.strip() in with_labels(text, LABELS)
