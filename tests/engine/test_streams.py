"""Streams to and from the engine that go on for ever, or end in the middle."""

from __future__ import annotations

import io
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from dokkupy.engine import ImageBuild
from dokkupy.engine_docker import build, logs, pipes
from dokkupy.engine_docker.client import Client
from dokkupy.engine_docker.wire import Stream

Answering = Callable[[Sequence[bytes]], Client]


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Answering]:
    """Give an engine that answers request after request with the given bodies, then hangs up."""
    path = tmp_path / "engine.sock"
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()
    server.settimeout(5)
    threads: list[threading.Thread] = []

    def serve(bodies: Sequence[bytes]) -> None:
        for body in bodies:
            connection, _ = server.accept()
            with connection:
                assert connection.recv(65536)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)

    def begin(bodies: Sequence[bytes]) -> Client:
        threads.append(threading.Thread(target=serve, args=(bodies,)))
        threads[-1].start()
        return Client(path)

    yield begin
    for thread in threads:
        thread.join()
    server.close()


def test_line_of_a_log_that_never_ends_is_given_in_parts() -> None:
    joined, given = logs.Lines(), list[bytes]()
    for _ in range(3):
        given += joined.feed(1, b"x" * logs.LONGEST)
        given += joined.feed(1, b"y")
    assert [len(line) for line in given] == [logs.LONGEST + 1] * 3


def test_line_of_a_build_that_never_ends_is_given_in_parts(
    answering: Answering, tmp_path: Path
) -> None:
    (tmp_path / "source").mkdir()
    pieces = [json.dumps({"stream": "x" * 100_000}).encode() + b"\n"] * 25
    client = answering([b"".join(pieces) + b'{"aux": {"ID": "sha256:1"}}\n'])
    given: list[str] = []
    wanted = ImageBuild(
        context=tmp_path / "source",
        dockerfile="Dockerfile",
        args={},
        labels={},
        memory=1,
        cpu_shares=2,
    )
    assert build.build_classic(client, wanted, "FROM x\n", given.append) == "sha256:1"
    assert [len(line) for line in given] == [1_100_000, 1_100_000]


class Late(io.RawIOBase):
    """A source that has something to give only when nobody listens any more."""

    def __init__(self) -> None:
        super().__init__()
        self.nobody_listens = threading.Event()

    def read(self, _: int = -1) -> bytes:
        assert self.nobody_listens.wait(10)
        return b"too late"


def test_command_that_ends_before_its_input_ends_with_its_own_code(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, close = Late(), Stream.close

    def close_and_let_the_other_thread_go_on(stream: Stream) -> None:
        close(stream)
        for thread in threading.enumerate():
            if isinstance(thread, pipes.Feeder):
                source.nobody_listens.set()
                thread.join()

    monkeypatch.setattr(Stream, "close", close_and_let_the_other_thread_go_on)
    said = struct.pack(">BxxxL", 2, 7) + b"enough\n"
    client = answering([b'{"Id": "1"}', said, b'{"ExitCode": 3}'])
    done = pipes.pipe(client, "x", ["head"], source=cast("io.BytesIO", source), sink=None)
    assert (done.code, done.error) == (3, "enough")
