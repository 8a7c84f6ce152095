"""ACCEPTANCE D 1 and 3: nobody loses a request, and only the new version answers afterwards."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from dokkupy.testing.client import connect, read_until, request

from .conftest import EXAMPLES, Root, change

pytestmark = [pytest.mark.engine, pytest.mark.slow]

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Version": "13",
}
RATE = 60
"""New connections a second, which leaves two cores room for the deploys; see benchmarks for 200."""
LONGEST_SECONDS = 300


@contextmanager
def visitors(
    root: Root, host: str, headers: Mapping[str, str] | None = None
) -> Iterator[Counter[str]]:
    """Request a page on RATE new connections a second; count the answers by what they say."""
    seen: Counter[str] = Counter()
    stop = threading.Event()
    began = time.monotonic()

    def visit(first: int, step: int) -> None:
        number = first
        while not stop.is_set() and time.monotonic() - began < LONGEST_SECONDS:
            stop.wait(max(0.0, began + number / RATE - time.monotonic()))
            path = "/slow?s=2" if number % 40 == 0 else "/"
            try:
                answer = root.get(host, path, headers=headers)
                text = answer.body.strip() if answer.status == 200 else f"status {answer.status}"
            except OSError as error:
                text = f"failed: {error}"
            seen[text] += 1
            number += step

    threads = [threading.Thread(target=visit, args=(n, 16)) for n in range(16)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_no_request_is_lost_and_none_is_stale(root: Root) -> None:
    name, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    root.cli("checks", "set", name, "probation", "1")
    host = f"{name}.localhost"
    with visitors(root, host) as seen:
        for version in ("2", "3"):
            change(tree, VERSION=version)
            root.push(tree, name)
            assert root.get(host).body == f"version {version}\n"
        root.cli("rollback", name)
        assert root.get(host).body == "version 2\n"
        root.cli("config", "set", name, "QUIET=1")
        root.cli("ps", "scale", name, "web=3")
        root.cli("ps", "scale", name, "web=1")
        root.cli("domains", "add", name, f"{name}.example.com")
        root.cli("ps", "restart", name)
        change(tree, app__py="raise SystemExit('broken')\n")
        root.push(tree, name, code=1)
        for _ in range(20):
            assert root.get(host).body == "version 2\n"
    assert set(seen) == {"version 1", "version 2", "version 3"}, seen
    assert sum(seen.values()) > 500, seen


def test_web_never_goes_live_when_the_worker_fails(root: Root) -> None:
    name, tree = root.deployed(EXAMPLES / "worker")
    root.cli("ps", "scale", name, "worker=1", "web=2")
    before = sorted(root.containers(name))
    change(tree, worker__py="raise SystemExit('worker gives up')\n")
    done = root.push(tree, name, code=1)
    assert "worker.1 ended with exit code 1" in done.err
    assert sorted(root.containers(name)) == before
    assert {row["release"] for row in root.json("ps", "report", name)} == {1}


def test_a_websocket_lives_on_across_the_switch_until_the_drain_limit(root: Root) -> None:
    name, tree = root.deployed(EXAMPLES / "probe")
    root.cli("checks", "set", name, "drain", "3")
    with connect(root.port, timeout=60) as connection:
        connection.sendall(request(f"{name}.localhost", "/websocket", headers=UPGRADE))
        read_until(connection, b"\r\n\r\n")
        change(tree, VERSION="2")
        switched = threading.Thread(target=root.push, args=(tree, name))
        switched.start()
        while root.get(f"{name}.localhost").body != "version 2\n":
            time.sleep(0.05)
        connection.sendall(b"\x81\x82\0\0\0\0hi")
        assert read_until(connection, b"hi") == b"\x81\x02hi"
        switched.join()
        connection.settimeout(15)
        assert connection.recv(1) == b""
