"""ACCEPTANCE D 1 and 3: nobody loses a request, and only the new version answers afterwards."""

from __future__ import annotations

import threading
import time

import pytest

from dokkupy.testing.client import connect, read_until, request

from .conftest import EXAMPLES, Root, change
from .visitors import to_pages, visitors

pytestmark = [pytest.mark.engine, pytest.mark.slow]

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Version": "13",
}


def test_no_request_is_lost_and_none_is_stale(root: Root) -> None:
    name, tree = root.deployed(EXAMPLES / "probe", VERSION="1")
    root.cli("checks", "set", name, "probation", "1")
    host = f"{name}.localhost"
    with visitors(to_pages(root, host)) as seen:
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
