"""The curl of builds: what it makes of its words, and a server that is too slow for the literal."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import dokkupy_user_env_compile
from dokkupy.hooks import Hooks
from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.proxy import NoProxy
from dokkupy.testing.tls import self_signed

LITERAL = "curl --fail --retry 3 --retry-delay 1 --connect-timeout 3 --max-time 30"
"""What buildpacks say, to the letter; the URL follows."""
HANDSHAKE_SECONDS, BODY_SECONDS = 4.0, 30.5
"""Longer than the literal waits for a connection, and longer than for everything."""

PROGRAMS = Path(dokkupy_user_env_compile.__file__).parent / "programs"
SPY = '#!/bin/bash\nprintf "%s\\n" "$@"\n'


@pytest.fixture
def heard(tmp_path: Path) -> Callable[..., list[str]]:
    """Return what runs our curl in front of one that tells its words."""
    (tmp_path / "curl").write_text(SPY)
    (tmp_path / "curl").chmod(0o755)

    def run(*words: str, **environ: str) -> list[str]:
        path = f"{PROGRAMS}:{tmp_path}:{os.environ['PATH']}"
        done = subprocess.run(
            ["curl", *words],
            env={"PATH": path, **environ},
            capture_output=True,
            text=True,
            check=True,
            executable=PROGRAMS / "curl",
        )
        assert done.stderr == ""
        return done.stdout.splitlines()

    return run


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (f"{LITERAL} u", "--fail --retry 5 --retry-delay 1 --connect-timeout 90 --max-time 600 u"),
        ("-fsSLm 5 -o f u", "--retry 5 -fsSLm 600 -o f u"),
        ("-m5 u", "-m600 u"),
        ("--max-time 0.5 u", "--max-time 600 u"),
        ("-y 1 -Y 100 u", "-y 90 -Y 100 u"),
        ("-sSLO u", "--retry 5 -sSLO u"),
        ("-o- u", "--retry 5 -o- u"),
        ("--retry 1 -O u", "--retry 5 -O u"),
    ],
)
def test_short_limits_and_few_retries_are_raised(
    heard: Callable[..., list[str]], said: str, meant: str
) -> None:
    assert " ".join(heard(*said.removeprefix("curl ").split())) == meant


@pytest.mark.parametrize(
    "said",
    [
        "u",
        "-m 0 u",
        "--max-time 5000 --connect-timeout 100 --retry 9 u",
        "--max-time many u",
        "-sm",
        "--max-time",
        "-d m30 u",
        "-H m:30 u",
        "-sSL -H -m5 u",
        "-XPOST -o x u",
        "--data a=b -O u",
        "- u",
    ],
)
def test_everything_else_is_handed_on_as_it_is(heard: Callable[..., list[str]], said: str) -> None:
    assert " ".join(heard(*said.split())) == said


def test_words_with_spaces_and_empty_ones_stay_words(heard: Callable[..., list[str]]) -> None:
    assert heard("-H", "a b  c", "", "$HOME `x` *") == ["-H", "a b  c", "", "$HOME `x` *"]


def test_the_variables_decide_how_far(heard: Callable[..., list[str]]) -> None:
    words = ("--connect-timeout", "3", "-m", "08", "--retry", "1", "u")
    given = heard(*words, CURL_CONNECT_TIMEOUT="7", CURL_TIMEOUT="9", CURL_RETRY="2")
    assert " ".join(given) == "--connect-timeout 7 -m 9 --retry 2 u"
    assert " ".join(heard("-m", "5", "u", CURL_TIMEOUT="many")) == "-m 5 u"
    assert " ".join(heard("-m", "5", "--retry", "9", "u", CURL_TIMEOUT="0")) == "-m 0 --retry 9 u"


def test_without_another_curl_it_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/bash", str(PROGRAMS / "curl"), "u"],
        env={"PATH": f"{PROGRAMS}:{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 127
    assert "no curl" in done.stderr or "not found" in done.stderr


def test_builds_are_given_it(tmp_path: Path) -> None:
    platform = Platform(tmp_path, proxy=NoProxy(), plugins=["user-env-compile"])
    hooks = Hooks(platform, ["user-env-compile"])
    programs = hooks.build_options(app=AppName("a")).programs
    assert programs == {"curl": (PROGRAMS / "curl").read_bytes()}


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Give the URL of a server that takes its time, and the certificate to believe it by."""
    certificate = self_signed(tmp_path / "tls", "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    stop = threading.Event()

    def serve(connection: socket.socket) -> None:
        stop.wait(HANDSHAKE_SECONDS)
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(65536)
                secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsl")
                stop.wait(BODY_SECONDS)
                secured.sendall(b"ow\n")
        except OSError:  # who asked has given up
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(16) as pool:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                pool.submit(serve, connection)

        threading.Thread(target=accept, daemon=True).start()
        yield f"https://localhost:{listener.getsockname()[1]}/", certificate.chain
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.slow
def test_the_literal_command_fails_at_a_slow_server_and_succeeds_with_ours_in_front(
    slow: tuple[str, Path],
) -> None:
    """The server is slow by a second and a half more than the literal bears, not by minutes.

    Retries cannot help the plain one: each of its four attempts ends before the handshake does.
    """
    url, certificate = slow

    def fetch(path: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*LITERAL.split(), "--silent", "--show-error", url],
            env={"PATH": path, "CURL_CA_BUNDLE": str(certificate), "NO_PROXY": "localhost"},
            capture_output=True,
            text=True,
            check=False,
            executable=PROGRAMS / "curl" if str(PROGRAMS) in path else None,
        )

    usual = os.environ["PATH"]
    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        plain, ours = pool.map(fetch, [usual, f"{PROGRAMS}:{usual}"])
    assert plain.returncode == 28, plain.stderr
    assert (ours.returncode, ours.stdout) == (0, "slow\n"), ours.stderr
    assert time.monotonic() - began > HANDSHAKE_SECONDS + BODY_SECONDS
