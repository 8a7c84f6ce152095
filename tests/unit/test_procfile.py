"""The Procfile: read as people write it, refused with the line that is wrong."""

from __future__ import annotations

import os
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy import procfile
from dokkupy.errors import UsageError
from dokkupy.names import ProcessName

process_names = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,20}[A-Za-z0-9])?", fullmatch=True)
commands = (
    st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), min_size=1)
    .map(str.strip)
    .filter(bool)
)


@given(
    lines=st.dictionaries(process_names, commands, max_size=5),
    end=st.sampled_from(["\n", "\r\n"]),
    between=st.sampled_from(["", "\n", "# a: comment\n", "   \n", "\t# x\n"]),
    gap=st.sampled_from(["", " ", "  ", "\t"]),
)
def test_what_was_written_is_read_back(
    lines: dict[str, str], end: str, between: str, gap: str
) -> None:
    text = between + "".join(f"{n}:{gap}{c}\n{between}" for n, c in lines.items())
    found = procfile.parse(text.replace("\n", end))
    assert found == lines
    assert list(found) == list(lines)


def attempt(text: str) -> dict[ProcessName, str] | UsageError:
    try:
        return procfile.parse(text)
    except UsageError as refused:
        return refused


@given(text=st.text() | st.text(alphabet=string.ascii_letters + ":# \t\r\n\0-_"))
def test_any_text_is_understood_or_refused_with_the_line(text: str) -> None:
    found = attempt(text)
    if isinstance(found, UsageError):
        number = int(found.message.removeprefix("Line ").split(" ", 1)[0])
        assert 1 <= number <= text.count("\n") + 1
        assert found.hint
    else:
        assert all(name == ProcessName.parse(name) for name in found)
        assert all(command and command == command.strip() for command in found.values())
        assert not any("\0" in command or "\n" in command for command in found.values())


def test_a_command_may_hold_colons_and_hashes() -> None:
    assert procfile.parse("web: gunicorn a:app --bind :$PORT # fast\n") == {
        "web": "gunicorn a:app --bind :$PORT # fast"
    }


def test_a_form_feed_or_a_unicode_separator_ends_no_line() -> None:
    assert procfile.parse("web: printf 'a\x0cb\x85c\u2028d'") == {
        "web": "printf 'a\x0cb\x85c\u2028d'"
    }


@pytest.mark.parametrize(
    ("text", "number", "what"),
    [
        ("web", 1, "is not of the form"),
        ("web:", 1, "is not of the form"),
        ("web:   ", 1, "is not of the form"),
        (": run", 1, "has no usable name"),
        ("web: a\r\n\r\n# x\r\n../etc: b", 4, "has no usable name"),
        ("web: a\nweb: b", 2, "names web a second time"),
        ("web: a\0b", 1, "is not of the form"),
        ("we b: a", 1, "has no usable name"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(text: str, number: int, what: str) -> None:
    with pytest.raises(UsageError) as refused:
        procfile.parse(text)
    assert refused.value.message.startswith(f"Line {number} of the Procfile {what}")


def test_no_file_means_no_processes(tmp_path: Path) -> None:
    assert procfile.read(tmp_path) == {}


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_bytes(b"\xef\xbb\xbfweb: a\r\n")
    assert procfile.read(tmp_path) == {"web": "a"}


def test_a_link_is_refused_wherever_it_leads(tmp_path: Path) -> None:
    for target in ("/etc/passwd", "missing", "."):
        path = tmp_path / "Procfile"
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        with pytest.raises(UsageError, match="not a regular file"):
            procfile.read(tmp_path)


def test_a_folder_or_a_pipe_is_refused_without_being_opened(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "Procfile").mkdir()
    (tmp_path / "b").mkdir()
    os.mkfifo(tmp_path / "b" / "Procfile")
    for tree in ("a", "b"):
        with pytest.raises(UsageError, match="not a regular file"):
            procfile.read(tmp_path / tree)


def test_what_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_bytes("web: caf\xe9".encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8"):
        procfile.read(tmp_path)


def test_a_huge_file_is_refused_without_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "Procfile").open("wb") as file:
        file.truncate(2**30)  # a hole: it takes no room on disk, but would in memory
    monkeypatch.delattr(Path, "read_bytes")
    with pytest.raises(UsageError, match="larger than 64 KiB"):
        procfile.read(tmp_path)


def test_a_file_of_exactly_the_largest_size_is_read(tmp_path: Path) -> None:
    text = "web: " + "a" * (procfile.MAX_BYTES - 5)
    (tmp_path / "Procfile").write_text(text)
    assert procfile.read(tmp_path) == {"web": text[5:]}
    (tmp_path / "Procfile").write_text(text + "a")
    with pytest.raises(UsageError):
        procfile.read(tmp_path)


def test_a_wrong_name_is_told_in_one_sentence_with_one_full_stop() -> None:
    with pytest.raises(UsageError, match=r"'a b' is not a valid process name\.$"):
        procfile.parse("a b: run")
