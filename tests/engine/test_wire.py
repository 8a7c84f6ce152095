from __future__ import annotations

import json
import socket
import struct
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.engine_docker import DockerEngine
from dokkupy.engine_docker.wire import Frames, Stream, open_stream
from dokkupy.errors import Conflict, EngineError, ImageNotFound, NotFound

Frame = tuple[int, bytes]


def framed(frames: list[Frame]) -> bytes:
    return b"".join(struct.pack(">BxxxL", kind, len(data)) + data for kind, data in frames)


def answering(path: Path, answer: bytes, asked: list[bytes] | None = None) -> threading.Thread:
    """Answer one request on a socket with exactly these bytes, then hang up; note its line."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        with server:
            connection, _ = server.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(4096)
                if asked is not None:
                    asked.append(head.partition(b"\r\n")[0])
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    return tmp_path / "engine.sock"


def ask(engine: Path, answer: bytes) -> Stream:
    thread = answering(engine, answer)
    try:
        return open_stream(engine, "GET", "/something")
    finally:
        thread.join()


@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=40)), max_size=8),
    st.integers(min_value=1, max_value=13),
)
def test_frames_may_arrive_torn_anywhere(frames: list[Frame], size: int) -> None:
    stream, reader = framed(frames), Frames()
    torn = (stream[start : start + size] for start in range(0, len(stream), size))
    assert [frame for piece in torn for frame in reader.feed(piece)] == frames


def test_bytes_that_come_with_the_head_are_not_lost(engine: Path) -> None:
    with ask(engine, b"HTTP/1.0 200 OK\r\nA: b\r\n\r\nbody") as stream:
        assert stream.has_rest
        assert stream.read_all() == b"body"


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (404, "No such container: x", NotFound),
        (404, "No such image: x:1", ImageNotFound),
        (404, "network x not found", NotFound),
        (409, "Container x is not running", Conflict),
        (403, "Address already in use", Conflict),
        (403, "Pool overlaps with other one on this address space", Conflict),
        (403, "network x has active endpoints", Conflict),
        (500, "invalid reference format", EngineError),
    ],
)
def test_refusal_becomes_its_error_in_the_engines_words(
    engine: Path, status: int, text: str, error: type[Exception]
) -> None:
    body = json.dumps({"message": text}).encode()
    with pytest.raises(error) as caught:
        ask(engine, b"HTTP/1.0 %d X\r\n\r\n" % status + body)
    assert caught.type is error
    assert text in str(caught.value)
    assert getattr(caught.value, "hint", "")


def test_engine_that_hangs_up_is_named(engine: Path) -> None:
    with pytest.raises(EngineError, match="closed the connection"):
        ask(engine, b"HTTP/1.0 200")


def test_engine_that_is_down_is_named_with_the_remedy(engine: Path) -> None:
    down = DockerEngine(engine)
    for asking in (down.ping, lambda: down.wait(["x"], 1), lambda: down.inspect("x")):
        with pytest.raises(EngineError, match=r"does not answer at .*no such file") as caught:
            asking()
        assert "systemctl start docker" in caught.value.hint
        assert "dockerd" in caught.value.hint


def test_engine_that_died_leaves_a_socket_that_refuses(engine: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(engine))
    with pytest.raises(EngineError, match="connection refused"):
        DockerEngine(engine).ping()


def test_cache_of_builds_is_trimmed_to_a_number_of_bytes(engine: Path) -> None:
    asked: list[bytes] = []
    thread = answering(engine, b"HTTP/1.0 200 OK\r\n\r\n{}", asked)
    DockerEngine(engine).trim_build_cache(5_000_000)
    thread.join()
    assert asked == [b"POST /build/prune?keep-storage=5000000 HTTP/1.0"]


def test_cache_of_builds_counts_what_images_do_not_share(engine: Path) -> None:
    records = [
        {"Size": 3, "Shared": False},
        {"Size": 9, "Shared": True},
        {"Size": 4, "Shared": False},
    ]
    body = json.dumps({"BuildCache": records}).encode()
    thread = answering(engine, b"HTTP/1.0 200 OK\r\n\r\n" + body)
    assert DockerEngine(engine).build_cache() == 7
    thread.join()
