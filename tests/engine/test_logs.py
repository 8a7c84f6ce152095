from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dokkupy.engine_docker import logs
from dokkupy.engine_docker.logs import Lines, Wanted

ALL = Wanted(follow=False, tail=None, since=0.0)
FOLLOW = Wanted(follow=True, tail=None, since=0.0)
T1 = b"2026-11-22T10:00:00.100000000Z"
T2 = b"2026-11-22T10:00:00.200000000Z"

Frame = tuple[int, bytes]
Serve = Callable[[list[bytes]], list[str]]


def framed(*frames: Frame) -> bytes:
    return b"".join(struct.pack(">BxxxL", kind, len(data)) + data for kind, data in frames)


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    return tmp_path / "engine.sock"


@pytest.fixture
def serve(engine: Path) -> Iterator[Serve]:
    """Answer request after request with the given bodies; collect what was asked for."""
    asked: list[str] = []
    threads: list[threading.Thread] = []
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(engine))
    server.listen()

    def answer(bodies: list[bytes]) -> None:
        for body in bodies:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(65536).split(b" ", 2)[1].decode())
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)

    def begin(bodies: list[bytes]) -> list[str]:
        threads.append(threading.Thread(target=answer, args=(bodies,)))
        threads[-1].start()
        return asked

    yield begin
    for thread in threads:
        thread.join()
    server.close()


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([(1, b"one\ntw"), (1, b"o\n")], [b"one", b"two"]),
        ([(1, b"half "), (2, b"oops\n"), (1, b"line\n")], [b"oops", b"half line"]),
        ([(1, b"no newline")], [b"no newline"]),
        ([(1, b"\n\n")], [b"", b""]),
        ([(1, b"dos\r\n")], [b"dos\r"]),
    ],
)
def test_lines_of_the_two_outputs_are_never_mixed(
    engine: Path, serve: Serve, frames: list[Frame], expected: list[bytes]
) -> None:
    serve([framed(*frames)])
    assert list(logs.read(engine, "x", ALL)) == expected


def test_pieces_are_put_together_to_lines() -> None:
    joined = Lines()
    assert list(joined.feed(1, b"a\nb")) == [b"a"]
    assert list(joined.feed(1, b"c\nd")) == [b"bc"]
    assert list(joined.rest()) == [b"d"]


def test_terminal_has_one_output_and_its_line_ends_are_dropped(engine: Path, serve: Serve) -> None:
    serve([b"one\r\ntwo"])
    assert list(logs.read_terminal(engine, "x", ALL)) == [b"one", b"two"]


def test_query_names_the_part_that_is_wanted(engine: Path, serve: Serve) -> None:
    asked = serve([b""])
    assert list(logs.read(engine, "x", Wanted(follow=False, tail=7, since=12.5))) == []
    assert asked == ["/containers/x/logs?stdout=1&stderr=1&follow=0&tail=7&since=12.500000000"]


def test_followed_log_is_asked_once_more_for_what_the_engine_kept_back(
    engine: Path, serve: Serve
) -> None:
    seen = framed((1, T1 + b" one\n"), (2, T2 + b" two\n"))
    rest = framed((2, T2 + b" two\n"), (1, T2 + b" three\n"), (1, T2 + b" no newline"))
    asked = serve([seen, rest])
    assert list(logs.read(engine, "x", FOLLOW)) == [b"one", b"two", b"three", b"no newline"]
    assert "since=1795341600.200000000" in asked[1]
    assert "follow=0" in asked[1]


def test_followed_log_that_was_empty_is_asked_for_everything(engine: Path, serve: Serve) -> None:
    asked = serve([b"", framed((1, T1 + b" only\n"))])
    assert list(logs.read(engine, "x", FOLLOW)) == [b"only"]
    assert "since" not in asked[1]


def test_follower_of_what_is_new_never_sees_what_was_there(engine: Path, serve: Serve) -> None:
    asked = serve([b"", b""])
    assert list(logs.read(engine, "x", Wanted(follow=True, tail=0, since=0.0))) == []
    assert "since=" in asked[1]


def test_line_keeps_its_spaces_and_may_be_empty(engine: Path, serve: Serve) -> None:
    frames = framed((1, T1 + b"   a  b \n"), (1, T2 + b" \n"))
    serve([frames, framed((1, T2 + b" \n"))])
    assert list(logs.read(engine, "x", FOLLOW)) == [b"  a  b ", b""]
