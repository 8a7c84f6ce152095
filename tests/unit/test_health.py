"""Probes, asked of real servers on loopback that answer, hang, close, or speak something else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from dokkupy import health
from dokkupy.health import Answer
from dokkupy.types import Check, Endpoint

QUICK = Check(timeout=5.0)
Behaviour = Callable[[socket.socket, threading.Event], None]
"""What a server does with one connection; the event is set when the test is over."""


@contextmanager
def serving(behave: Behaviour, host: str = "127.0.0.1") -> Iterator[Endpoint]:
    """Give the endpoint of a server that treats each connection as `behave` says."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    over = threading.Event()

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    behave(connection, over)

    with socket.create_server((host, 0), family=family) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield Endpoint(host=host, port=listener.getsockname()[1])
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def saying(text: bytes, requests: list[bytes] | None = None) -> Behaviour:
    def behave(connection: socket.socket, over: threading.Event) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(4096)
        if requests is not None:
            requests.append(request)
        connection.sendall(text)

    return behave


def ask(endpoint: Endpoint, check: Check = QUICK, host: str = "shop.test") -> Answer:
    return health.probe(endpoint, check, host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_status_is_read_from_either_family(host: str) -> None:
    with serving(saying(b"HTTP/1.1 204 No Content\r\n\r\n"), host) as endpoint:
        assert ask(endpoint) == Answer(status=204)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n", 200),
        (b"HTTP/1.1 404\r\n\r\n", 404),
        (b"HTTP/1.1 500 \r\n\r\n", 500),
        (b"HTTP/1.1 302 Found\n\n", 302),
        (b"HTTP/1.1 200 OK", 200),
        (b"HTTP/1.1 200 " + b"a" * 30_000 + b"\r\n\r\n", 200),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 500 Broken\r\n\r\n", 500),
        (b"HTTP/1.1 102 Processing\n\nHTTP/1.1 103 Hints\n\nHTTP/1.1 200 OK", 200),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello", 101),
    ],
    ids=lambda said: str(said)[:20],
)
def test_a_status_line_is_read_as_servers_write_it(said: bytes, status: int) -> None:
    with serving(saying(said)) as endpoint:
        assert ask(endpoint) == Answer(status=status)


def test_the_request_is_the_one_a_proxy_would_send() -> None:
    requests: list[bytes] = []
    with serving(saying(b"HTTP/1.1 200 OK\r\n\r\n", requests)) as endpoint:
        ask(endpoint, Check(path="/up?deep=1"))
        ask(endpoint)
    assert requests == [
        b"GET " + path + b" HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: dokkupy-check\r\n"
        b"Accept: */*\r\nConnection: close\r\n\r\n"
        for path in (b"/up?deep=1", b"/")
    ]


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 OK 200\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 \xc2\xb2\xc2\xb2\xc2\xb2 OK\r\n\r\n",
        b"HTTP/1.1 -20 OK\r\n\r\n",
        b"HTTP/1.1 " + b"9" * 5000 + b"\r\n\r\n",
        b"a" * 100_000,
        b"<html>200</html>\r\n",
    ],
    ids=lambda said: str(said)[:20],
)
def test_what_is_not_http_is_told_as_such(said: bytes) -> None:
    with serving(saying(said)) as endpoint:
        assert ask(endpoint) == Answer(problem="something else came back")


def test_a_connection_closed_in_silence_is_told_as_such() -> None:
    with serving(saying(b"")) as endpoint:
        assert ask(endpoint) == Answer(problem="closed without an answer")


@pytest.mark.parametrize("said", [b"HTTP/1.1 100 Continue\r\n", b"HTTP/1.1 103 Hints\r\n\r\n"])
def test_an_interim_answer_alone_is_none(said: bytes) -> None:
    with serving(saying(said)) as endpoint:
        assert ask(endpoint) == Answer(problem="closed without an answer")


def test_an_answer_that_comes_in_pieces_is_put_together() -> None:
    def dawdle(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(4096)
        for piece in (b"HTTP/1.1 103 Early Hints\r\n", b"Link: </a>\r\n\r", b"\nHTTP/1.1 2"):
            connection.sendall(piece)
            over.wait(0.02)
        connection.sendall(b"02 Accepted\r\n\r\n")

    with serving(dawdle) as endpoint:
        assert ask(endpoint) == Answer(status=202)


def test_a_connection_reset_is_told_as_such() -> None:
    def reset(connection: socket.socket, over: threading.Event) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with serving(reset) as endpoint:
        assert ask(endpoint).problem in ("connection reset by peer", "broken pipe")


def test_a_port_that_nobody_listens_on_refuses() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert ask(Endpoint(host="127.0.0.1", port=bound.getsockname()[1])) == Answer(
            problem="refused"
        )


def test_an_address_that_does_not_answer_is_given_up_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "CONNECT_TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as waiting:
        waiting.connect(full.getsockname())  # fills the queue, which nobody empties
        endpoint = Endpoint(host="127.0.0.1", port=full.getsockname()[1])
        assert ask(endpoint) == Answer(problem="timed out")


def hang(connection: socket.socket, over: threading.Event) -> None:
    over.wait()


def drip(connection: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.02):
        connection.sendall(b"H")


@pytest.mark.parametrize("behave", [hang, drip])
def test_the_time_of_a_request_is_limited_as_a_whole(behave: Behaviour) -> None:
    with serving(behave) as endpoint:
        assert ask(endpoint, Check(timeout=0.2)) == Answer(problem="timed out")


@pytest.mark.parametrize("behave", [hang, drip])
def test_a_request_does_not_outlast_the_deadline(behave: Behaviour) -> None:
    with serving(behave) as endpoint:
        assert ask(endpoint, Check(timeout=3600, deadline=0.2)) == Answer(problem="timed out")


@pytest.mark.parametrize(
    ("status", "with_path", "without"),
    [
        (101, False, True),
        (200, True, True),
        (204, True, True),
        (301, True, True),
        (399, True, True),
        (400, False, True),
        (401, False, True),
        (404, False, True),
        (500, False, True),
        (0, False, False),
    ],
)
def test_a_path_wants_success_and_its_absence_any_answer(
    status: int, with_path: bool, without: bool
) -> None:
    answer = Answer(status=status)
    assert answer.passes(Check(path="/up")) is with_path
    assert answer.passes(Check()) is without


def test_an_answer_is_said_in_words() -> None:
    assert str(Answer(status=503)) == "status 503"
    assert str(Answer(problem="refused")) == "refused"
