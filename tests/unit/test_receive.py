"""What the hook says to git and to the person who pushes, by value."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy import receive

OLD, NEW, NONE = "1" * 40, "2" * 40, "0" * 40
MAIN = ("refs/heads/main", OLD, NEW)
DEV = ("refs/heads/dev", NONE, NEW)
TAG = ("refs/tags/v1", NONE, NEW)


def test_what_the_job_deployed_is_accepted_and_the_rest_left_to_git() -> None:
    assert receive.answer([MAIN, DEV, TAG], deployed=["refs/heads/main"]) == [
        b"0016ok refs/heads/main",
        b"0015ok refs/heads/dev",
        b"0017option fall-through",
        b"0013ok refs/tags/v1",
        b"0017option fall-through",
        b"0000",
    ]


def test_a_push_is_refused_as_a_whole_with_the_reason_on_one_line() -> None:
    assert receive.refusal([MAIN, TAG], "It does not\n  build.") == [
        b"0029ng refs/heads/main It does not build.",
        b"0026ng refs/tags/v1 It does not build.",
        b"0000",
    ]


def test_a_long_reason_is_cut() -> None:
    [line, _] = receive.refusal([MAIN], "x" * 10_000)
    assert line.decode()[4:] == "ng refs/heads/main " + "x" * 299 + "…"


def test_the_last_lines_of_a_failed_push_are_cause_evidence_and_remedy() -> None:
    error = {"message": "No image.", "detail": "step 1\nstep 2", "hint": "mend it"}
    assert receive.story_of(error) == [
        ("warning", "No image."),
        ("output", "step 1"),
        ("output", "step 2"),
        ("warning", "mend it"),
    ]


def test_an_update_is_read_with_a_ref_of_any_bytes() -> None:
    line = f"{OLD} {NEW} refs/heads/".encode() + b"\xff x"
    ref, old, new = receive.read_update(line)
    assert (old, new) == (OLD, NEW)
    assert receive.answer([(ref, old, new)], deployed=[])[0].endswith(b"refs/heads/\xff x")


def test_the_features_are_read_from_the_version_line() -> None:
    assert receive.read_features([b"version=1\0push-options atomic"]) == ["push-options", "atomic"]
    assert receive.read_features([b"version=1"]) == []
    assert receive.read_features([]) == []


@given(lines=st.lists(st.binary(max_size=300).map(lambda line: line.rstrip(b"\n"))))
def test_packets_are_read_as_they_were_written(lines: list[bytes]) -> None:
    stream = io.BytesIO(b"".join(map(receive.packet, lines)) + receive.FLUSH + b"rest")
    assert receive.read_packets(stream) == lines
    assert stream.read() == b"rest"


@given(data=st.binary(max_size=60))
def test_nonsense_ends_the_talk(data: bytes) -> None:
    stream = io.BytesIO(data)
    try:
        receive.read_packets(stream)
    except BrokenPipeError:
        return
    assert receive.FLUSH in data


def test_what_fits_no_packet_is_an_error() -> None:
    receive.packet(b"x" * receive.PACKET_LIMIT)
    with pytest.raises(ValueError, match="too long"):
        receive.packet(b"x" * (receive.PACKET_LIMIT + 1))


def test_lines_get_the_margin_of_their_kind() -> None:
    read, write = os.pipe()
    receive.Client(write).tell([("progress", "a"), ("output", "b"), ("warning", "ü\udcff")])
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == "-----> a\n       b\n !     ü".encode() + b"\xff\n"


def test_a_deaf_client_is_not_waited_for_and_hears_the_rest_when_it_listens_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(receive, "PATIENCE_SECONDS", 0.01)
    read, write = os.pipe()
    client = receive.Client(write)
    client.tell([("output", "x" * 1_000_000)])
    client.tell([("output", "lost")])
    heard = b""
    while len(heard) < 65536:  # what a pipe holds
        heard += os.read(read, 65536)
    client.tell([("progress", "live")])
    assert b"lost" not in heard
    assert os.read(read, 65536) == b"\n-----> live\n"
    os.close(read)
    os.close(write)


def test_a_client_that_has_gone_is_left_alone() -> None:
    read, write = os.pipe()
    os.close(read)
    receive.Client(write).tell([("output", "x")])
    os.close(write)


def test_the_hook_starts_without_anything_heavy() -> None:
    home = str(Path(receive.__file__).parent.parent)
    script = (
        f"import sys; sys.path.insert(0, {home!r}); import dokkupy.receive; print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-IS", "-c", script], stdout=subprocess.PIPE, check=True, text=True
    ).stdout.split()
    heavy = {"typing", "re", "json", "pathlib", "subprocess", "dataclasses", "dokkupy.types"}
    assert "dokkupy.jobs" in loaded
    assert not heavy & set(loaded)
