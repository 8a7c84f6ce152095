"""What goes into a build container and what comes out of it."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from dokkupy_buildpacks.answer import Answer
from dokkupy_buildpacks.lines import Lines
from dokkupy_buildpacks.parcel import Parcel


def test_a_parcel_holds_everything_with_values_byte_for_byte(tmp_path: Path) -> None:
    source, pack = tmp_path / "source", tmp_path / "pack"
    for folder in (source / "empty", pack / "bin"):
        folder.mkdir(parents=True)
    (source / "file").write_text("x")
    (source / "link").symlink_to("/nowhere")
    (pack / "bin/compile").write_text("y")
    os.mkfifo(source / "pipe")
    value = "two\nlines \"q\" 'q' $HOME \N{ROCKET}\n"
    parcel = Parcel(
        request=lambda: {"packs": ["one"]},
        packs=(pack,),
        env={"KEY": value, "EMPTY": ""},
        programs={"curl": b"#!"},
        source=source,
    )
    with parcel.sent() as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        found = {}
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            found[member.name] = file.read() if file else b""
            assert (member.uid, member.gid, member.uname) == (0, 0, "")
    assert next(iter(found)) == "request.json"
    assert json.loads(found.pop("request.json")) == {"packs": ["one"]}
    assert found == {
        "packs/0/bin": b"",
        "packs/0/bin/compile": b"y",
        "env/KEY": value.encode(),
        "env/EMPTY": b"",
        "programs/curl": b"#!",
        "source/empty": b"",
        "source/file": b"x",
        "source/link": b"",
    }
    assert "two" not in repr(parcel)


def said(header: dict[str, object], *archives: list[bytes]) -> bytes:
    text = json.dumps(header).encode() + b"\n"
    for pieces in archives:
        text += b"".join(b"%d\n%s" % (len(piece), piece) for piece in pieces) + b"0\n"
    return text


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_an_answer_is_the_same_in_whatever_pieces_it_comes(step: int) -> None:
    layers = [{"key": "a", "sent": True}, {"key": "b", "sent": False}]
    text = said({"layers": layers}, [b"1\n2\n", b"3"], [b"rest\n"])
    with Answer() as answer:
        for begin in range(0, len(text), step):
            assert not answer.whole
            answer.feed(text[begin : begin + step])
        assert answer.whole
        assert [archive.read() for archive in answer.archives] == [b"1\n2\n3", b"rest\n"]


@pytest.mark.parametrize("text", [b"", b'{"layers": []}\n', b'{"layers": []}\n5\nab', b'{"a'])
def test_an_answer_that_breaks_off_is_not_whole(text: bytes) -> None:
    with Answer() as answer:
        answer.feed(text)
        assert not answer.whole


@pytest.mark.parametrize(
    "text",
    [
        b"no json\n",
        b"[]\n",
        b'{"layers": []}\nmany\n',
        b'{"layers": []}\n-5\nab',
        b"[" * 100_000 + b"\n",
        b'{"layers": [{"key": "a"}]}\n',
        b'{"layers": ["a"]}\n',
        b'{"layers": {}}\n',
        b'{"layers": [], "processes": []}\n',
        b'{"failed": "compile"}\n',
    ],
)
def test_an_answer_of_another_kind_is_refused(text: bytes) -> None:
    with Answer() as answer, pytest.raises(ValueError):  # noqa: PT011 - any of its kinds
        answer.feed(text)


def test_output_becomes_lines_without_colours_and_progress_bars() -> None:
    given: list[str] = []
    lines = Lines(given.append)
    rocket = "\N{ROCKET}".encode()
    for piece in (b"one\ntw", b"o\r\n\x1b[31mred\x1b[0m\n10%\r100%\n", rocket[:2], rocket[2:]):
        lines.feed(piece)
    assert given == ["one", "two", "red", "100%"]
    lines.end()
    assert given[-1] == "\N{ROCKET}"
    assert list(lines.tail) == given


def test_a_line_that_never_ends_is_given_in_parts() -> None:
    given: list[str] = []
    lines = Lines(given.append)
    for _ in range(25):
        lines.feed(b"x" * 100_000)
    assert [len(line) for line in given] == [1_100_000, 1_100_000]


def test_a_source_that_nobody_reads_to_its_end_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(10_000_000))
    parcel = Parcel(request=dict, packs=(), env={}, programs={}, source=tmp_path)
    stream = parcel.sent()
    assert stream.read(10)
    stream.close()
    assert isinstance(stream, io.IOBase)
