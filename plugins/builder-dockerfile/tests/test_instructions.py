from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy_builder_dockerfile.instructions import Instruction, parse


def read(text: str) -> list[tuple[str, str]]:
    return [(item.keyword, item.rest) for item in parse(text)]


def test_continued_lines_are_joined_and_comments_inside_them_skipped() -> None:
    text = "FROM a\nRUN one && \\\n  # a comment\n\n  two \\  \n  three\nCMD x\n"
    assert read(text) == [("FROM", "a"), ("RUN", "one &&   two   three"), ("CMD", "x")]


def test_windows_line_ends_and_byte_order_mark_are_taken_off() -> None:
    assert read("\ufeffFROM a\r\nRUN b \\\r\n c\r\n") == [("FROM", "a"), ("RUN", "b  c")]


def test_keywords_are_upper_case_and_any_white_space_may_follow() -> None:
    assert read("from\ta\n  Run  b\n") == [("FROM", "a"), ("RUN", "b")]


def test_escape_directive_changes_what_continues_a_line() -> None:
    text = "# escape=`\nFROM a\nRUN dir `\n c:\\\nCMD x\n"
    assert read(text) == [("FROM", "a"), ("RUN", "dir  c:\\"), ("CMD", "x")]


def test_escape_after_the_first_comment_is_a_comment() -> None:
    assert read("# hello\n# escape=`\nFROM a \\\n b\n") == [("FROM", "a  b")]


def test_doubled_escape_does_not_continue_the_line() -> None:
    assert read("RUN echo \\\\\nCMD x\n") == [("RUN", "echo \\\\"), ("CMD", "x")]


def test_escape_at_the_end_of_the_file_ends_the_instruction() -> None:
    assert read("FROM a\nRUN b \\") == [("FROM", "a"), ("RUN", "b")]
    assert read("FROM a\nRUN b \\\n# the end\n") == [("FROM", "a"), ("RUN", "b")]


@pytest.mark.parametrize(
    "opening", ["<<EOF", "<<-EOF", '<<"EOF"', "<<'EOF'", "cat <<EOF > /x", "0<<EOF"]
)
def test_body_of_a_heredoc_is_no_instruction(opening: str) -> None:
    items = parse(f"FROM a\nRUN {opening}\nFROM evil\n# not a comment\nEOF\nCMD x\n")
    assert [item.keyword for item in items] == ["FROM", "RUN", "CMD"]
    assert [item.heredoc for item in items] == [False, True, False]


def test_tabs_may_stand_before_the_end_only_with_a_dash() -> None:
    assert len(parse("RUN <<-EOF\n\tx\n\tEOF\nCMD y\n")) == 2
    assert [i.keyword for i in parse("RUN <<EOF\n\tEOF\nEOF\nCMD y\n")] == ["RUN", "CMD"]


def test_two_heredocs_of_one_line_follow_each_other() -> None:
    text = "COPY <<one <<two /dest/\nFROM x\none\nFROM y\ntwo\nCMD z\n"
    assert [item.keyword for item in parse(text)] == ["COPY", "CMD"]


@pytest.mark.parametrize(
    "line", ['RUN echo "a <<EOF b"', "RUN echo $((1<<2))", "ENV A=<<EOF", "RUN cat <<EOF"]
)
def test_what_only_looks_like_a_heredoc_swallows_nothing(line: str) -> None:
    assert [item.keyword for item in parse(f"{line}\nCMD x\n")] == [line[:3], "CMD"]


def test_flags_are_the_leading_dashed_words() -> None:
    (item,) = parse("RUN --mount=type=cache,target=/x --network=none make --mount=no\n")
    assert item.flags == (("mount", "type=cache,target=/x"), ("network", "none"))
    assert item.words == ("make", "--mount=no")


@given(st.text(alphabet="FROMARGUN \\\n\r\t#=<'\"$-eE`x", max_size=200))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    for item in parse(text):
        assert isinstance(item, Instruction)
        assert item.keyword
        assert item.flags is not None
