"""The load client against real servers on loopback, good ones and bad ones."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from benchmarks.answers import Answer

REPOSITORY = Path(__file__).parents[3]
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nversion v1\n"

Serve = Callable[[socket.socket, int], None]
"""Handles a connection, given its number from 1 on."""


@contextmanager
def server(serve: Serve) -> Iterator[int]:
    """Serve each connection in a thread of its own; give the port."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)

    def accept() -> None:
        number = 0
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            number += 1
            threading.Thread(target=one, args=(connection, number), daemon=True).start()

    def one(connection: socket.socket, number: int) -> None:
        with closing(connection), suppress(OSError):
            serve(connection, number)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def request_of(connection: socket.socket) -> bytes:
    """Read one request; empty when the client has ended the connection."""
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        chunk = connection.recv(4096)
        if not chunk:
            return b""
        received += chunk
    return received


@contextmanager
def client(port: int, output: Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run the client as the benchmark does, its standard input open."""
    wanted = {"kind": "new", "rate": 400, "most": 200, "longest": 30, "slow_every": 0} | options
    words = [f"--{key.replace('_', '-')}={value}" for key, value in wanted.items()]
    command = [sys.executable, "-m", "benchmarks.client", f"--port={port}", f"--output={output}"]
    with subprocess.Popen(
        [*command, "--host=probe.localhost", *words], cwd=REPOSITORY, stdin=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def load(port: int, folder: Path, **options: object) -> list[Answer]:
    """Let the client make all of its requests and return what they came to."""
    with client(port, folder / "answers", **options) as process:
        assert process.wait(60) == 0
    return [Answer.read(line) for line in (folder / "answers").read_text().splitlines()]


def always(answer: bytes) -> Serve:
    """Answer every request on a connection."""

    def serve(connection: socket.socket, _: int) -> None:
        while request_of(connection):
            connection.sendall(answer)

    return serve


def reset(connection: socket.socket) -> None:
    """End a connection as a killed server does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_a_good_server_loses_nothing_and_each_request_has_a_connection_of_its_own(
    tmp_path: Path,
) -> None:
    requests: list[bytes] = []

    def serve(connection: socket.socket, _: int) -> None:
        requests.append(request_of(connection))
        connection.sendall(GOOD)

    with server(serve) as port:
        answers = load(port, tmp_path)
    assert len(answers) == len(requests) == 200
    assert {answer.failure for answer in answers} == {""}
    assert {answer.text for answer in answers} == {"version v1\n"}
    assert all(b"Host: probe.localhost\r\n" in request for request in requests)


def test_a_server_that_drops_one_connection_in_fifty_is_reported_so(tmp_path: Path) -> None:
    dropped: list[float] = []

    def serve(connection: socket.socket, number: int) -> None:
        request_of(connection)
        if number % 50:
            connection.sendall(GOOD)
        else:
            dropped.append(time.monotonic())
            reset(connection)

    with server(serve) as port:
        answers = load(port, tmp_path)
    failed = [answer for answer in answers if answer.failure]
    assert len(answers) == 200
    assert len(failed) == len(dropped) == 4
    assert {a.failure for a in failed} == {"cut off before an answer: connection reset by peer"}
    assert all(
        any(answer.began <= moment <= answer.ended for moment in dropped) for answer in failed
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "closed before an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "closed in the middle of an answer"),
        (GOOD[:-3], "closed in the middle of an answer"),
        (GOOD.replace(b"200 OK", b"502 Bad Gateway"), "status 502"),
        (b"HTTP/1.1 200 OK\r\n\r\nversion v1\n", "status 200 without a length"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not an answer: 'SSH-2.0-OpenSSH'"),
    ],
)
def test_anything_but_a_whole_answer_with_status_200_has_failed(
    tmp_path: Path, answer: bytes, reason: str
) -> None:
    def serve(connection: socket.socket, _: int) -> None:
        request_of(connection)
        connection.sendall(answer)

    with server(serve) as port:
        answers = load(port, tmp_path, most=3)
    assert [one.failure for one in answers] == [reason] * 3


def test_nobody_listening_is_a_failure_each_time(tmp_path: Path) -> None:
    with server(always(GOOD)) as port:
        pass
    answers = load(port, tmp_path, most=5)
    assert [one.failure for one in answers] == ["not connected: connection refused"] * 5


def test_no_answer_in_time_is_a_failure(tmp_path: Path) -> None:
    held = threading.Event()

    def serve(connection: socket.socket, _: int) -> None:
        request_of(connection)
        held.wait()

    with server(serve) as port:
        answers = load(port, tmp_path, most=2, patience=0.2)
        held.set()
    assert [one.failure for one in answers] == ["no answer within 0.2 s"] * 2
    assert all(0.2 <= one.seconds < 5 for one in answers)


def test_requests_begin_by_the_clock_however_late_the_answers_are(tmp_path: Path) -> None:
    """One after the other they would take fifty seconds."""
    everybody_is_here = threading.Barrier(100)

    def serve(connection: socket.socket, _: int) -> None:
        request_of(connection)
        everybody_is_here.wait(30)
        connection.sendall(GOOD)

    with server(serve) as port:
        answers = load(port, tmp_path, most=100)
    assert [one.failure for one in answers] == [""] * 100


def test_kept_connections_are_used_again(tmp_path: Path) -> None:
    numbers: list[int] = []

    def serve(connection: socket.socket, number: int) -> None:
        numbers.append(number)
        always(GOOD)(connection, number)

    with server(serve) as port:
        answers = load(port, tmp_path, kind="keep-alive")
    assert [one.failure for one in answers] == [""] * 200
    assert len(numbers) < 100


def test_a_keep_alive_client_that_notices_the_end_of_a_connection_loses_nothing(
    tmp_path: Path,
) -> None:
    ended: list[int] = []

    def serve(connection: socket.socket, number: int) -> None:
        for _ in range(3):
            request_of(connection)
            connection.sendall(GOOD)
        ended.append(number)

    with server(serve) as port:
        answers = load(port, tmp_path, kind="keep-alive")
    assert {one.failure for one in answers} == {""}
    assert ended


def test_a_request_that_a_kept_connection_swallows_is_asked_again_once_and_counted(
    tmp_path: Path,
) -> None:
    swallowed: list[bytes] = []

    def serve(connection: socket.socket, _: int) -> None:
        request_of(connection)
        connection.sendall(GOOD)
        if request := request_of(connection):
            swallowed.append(request)

    with server(serve) as port:
        answers = load(port, tmp_path, kind="keep-alive")
    again = [one.again for one in answers if one.again]
    assert {one.failure for one in answers} == {""}
    assert len(again) == len(swallowed) > 0
    assert set(again) == {"closed before an answer"}


def test_a_kept_connection_that_ends_in_the_middle_of_an_answer_is_a_failure(
    tmp_path: Path,
) -> None:
    def serve(connection: socket.socket, _: int) -> None:
        request_of(connection)
        connection.sendall(GOOD)
        request_of(connection)
        connection.sendall(GOOD[:-3])

    with server(serve) as port:
        answers = load(port, tmp_path, kind="keep-alive")
    assert {one.failure for one in answers} == {"", "closed in the middle of an answer"}
    assert {one.again for one in answers} == {""}


def test_new_connections_are_never_tried_twice(tmp_path: Path) -> None:
    with server(lambda connection, _: reset(connection)) as port:
        answers = load(port, tmp_path, most=20)
    assert all(one.failure for one in answers)
    assert {one.again for one in answers} == {""}


def test_every_so_manyth_request_is_a_slow_one(tmp_path: Path) -> None:
    paths: list[bytes] = []

    def serve(connection: socket.socket, _: int) -> None:
        paths.append(request_of(connection).split()[1])
        connection.sendall(GOOD)

    with server(serve) as port:
        answers = load(port, tmp_path, most=100, slow_every=40)
    assert sum(one.slow for one in answers) == 3
    assert sorted(set(paths)) == [b"/", b"/slow?s=2"]
    assert paths.count(b"/slow?s=2") == 3


def test_it_stops_when_its_standard_input_ends_and_keeps_every_answer(tmp_path: Path) -> None:
    served: list[int] = []
    hundred = threading.Event()

    def serve(connection: socket.socket, number: int) -> None:
        request_of(connection)
        connection.sendall(GOOD)
        served.append(number)
        if number == 100:
            hundred.set()

    with server(serve) as port, client(port, tmp_path / "answers", most=100_000) as process:
        assert hundred.wait(30)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0
    answers = [Answer.read(line) for line in (tmp_path / "answers").read_text().splitlines()]
    assert len(answers) == len(served) < 10_000
    assert {one.failure for one in answers} == {""}


def test_more_than_a_bounded_load_is_refused(tmp_path: Path) -> None:
    with client(1, tmp_path / "answers", rate=501) as process:
        assert process.wait(30) == 2
