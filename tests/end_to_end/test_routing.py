"""ACCEPTANCE F 1-4: domains, answers without an app, proxy settings, what passes through."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import struct

import pytest

from dokkupy.testing.client import connect, get, read_until, request

from .conftest import EXAMPLES, Root

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def app(root: Root) -> str:
    return root.deployed(EXAMPLES / "probe", VERSION="routed")[0]


def test_an_app_answers_at_its_default_domain_and_at_those_added(root: Root, app: str) -> None:
    assert root.get(f"{app}.localhost").body == "version routed\n"
    root.cli("domains", "add", app, "www.example.com", "*.wild.example.com", "bücher.example")
    for host in ("www.example.com", "any.wild.example.com", "xn--bcher-kva.example"):
        assert root.get(host).body == "version routed\n", host
    listed = next(row for row in root.json("apps", "list") if row["name"] == app)["domains"]
    assert "xn--bcher-kva.example" in listed
    root.cli("domains", "remove", app, "www.example.com")
    assert root.get("www.example.com").status == 0
    root.cli("domains", "set", app, "only.example.com")
    assert root.get(f"{app}.localhost").status == 0
    assert root.get("only.example.com").status == 200
    root.cli("domains", "clear", app)
    assert root.get(f"{app}.localhost").status == 200


@pytest.mark.parametrize(
    "host", ["-a.com", "a..b", "a b.com", "a;b.com", "a.com/", "$host", "a\nb", "*.*.a", "x" * 64]
)
def test_an_invalid_host_is_refused(root: Root, app: str, host: str) -> None:
    before = root.json("domains", "list", app)
    root.cli("domains", "add", app, "--", host, code=2)
    assert root.json("domains", "list", app) == before


def test_a_host_of_another_app_is_refused_naming_it(root: Root, app: str) -> None:
    root.cli("domains", "add", app, "taken.example.com")
    other = root.create()
    done = root.cli("domains", "add", other, "taken.example.com", code=4)
    assert app in done.err
    assert root.get("taken.example.com").body == "version routed\n"


def test_an_unknown_host_gets_no_answer_and_a_new_app_a_page_that_says_so(root: Root) -> None:
    assert root.get("nobody.example.org").status == 0
    name = root.create()
    page = root.get(f"{name}.localhost")
    assert page.status == 404
    assert name in page.body
    assert "git push" in page.body


def test_a_stopped_app_is_a_503(root: Root) -> None:
    name, _ = root.deployed(EXAMPLES / "probe")
    root.cli("ps", "stop", name)
    page = root.get(f"{name}.localhost")
    assert page.status == 503
    root.cli("ps", "start", name)
    assert root.get(f"{name}.localhost").status == 200


def test_a_proxy_setting_counts_at_once_and_a_wrong_one_is_refused(root: Root, app: str) -> None:
    root.cli("nginx", "set", app, "client-max-body-size", "1k")
    host = f"{app}.localhost"
    assert get(root.port, host, "/echo", method="POST", body=b"x" * 2048).status == 413
    root.cli("nginx", "set", app, "client-max-body-size")
    assert get(root.port, host, "/echo", method="POST", body=b"x" * 2048).status == 200
    for wrong in ("1k; root /", "lots", "1k\n}", '"'):
        done = root.cli("nginx", "set", app, "client-max-body-size", "--", wrong, code=2)
        assert "client-max-body-size" in done.err
    assert root.get(host).status == 200


def test_headers_are_added_and_cannot_break_out(root: Root, app: str) -> None:
    root.cli("nginx", "set", app, "headers", 'X-Note: say "hi" to $host; {now}')
    assert root.get(f"{app}.localhost").headers["X-Note"] == 'say "hi" to $host; {now}'
    root.cli("nginx", "set", app, "headers", "X-Bad: a\r\nX-Evil: b", code=None)
    assert "X-Evil" not in root.get(f"{app}.localhost").headers or (
        root.get(f"{app}.localhost").headers.get("X-Bad") == "a"
    )
    root.cli("nginx", "set", app, "headers")


def test_the_app_sees_the_visitor_s_address_scheme_and_host(root: Root, app: str) -> None:
    answer = root.get(f"{app}.localhost", "/headers", headers={"X-Forwarded-For": "6.6.6.6"})
    seen = {name.lower(): value for name, value in json.loads(answer.body).items()}
    assert seen["host"] == f"{app}.localhost"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-real-ip"] == "127.0.0.1"
    assert seen["x-forwarded-for"].endswith("127.0.0.1")


def test_a_websocket_echoes_through_the_proxy(root: Root, app: str) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
    }
    accept = base64.b64encode(
        hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()  # noqa: S324 (RFC 6455)
    )
    with connect(root.port) as connection:
        connection.sendall(request(f"{app}.localhost", "/websocket", headers=upgrade))
        head = read_until(connection, b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101")
        assert accept in head
        mask = os.urandom(4)
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(b"hello"))
        connection.sendall(struct.pack("!BB4s", 0x81, 0x80 | 5, mask) + masked)
        assert read_until(connection, b"hello").endswith(b"\x81\x05hello")


def test_server_sent_events_arrive_one_by_one(root: Root, app: str) -> None:
    root.cli("nginx", "set", app, "proxy-buffering", "off")
    with connect(root.port) as connection:
        connection.sendall(request(f"{app}.localhost", "/stream?n=2&s=3"))
        received = read_until(connection, b"data: 0\n\n", timeout=2.5)
        assert b"data: 1" not in received
        read_until(connection, b"data: 1\n\n")
    root.cli("nginx", "set", app, "proxy-buffering")


def test_a_large_upload_arrives_whole(root: Root, app: str) -> None:
    body = os.urandom(1 << 20) * 50
    answer = get(root.port, f"{app}.localhost", "/echo", method="POST", body=body, timeout=60)
    assert answer.text == f"{len(body)} {hashlib.sha256(body).hexdigest()}\n"


def test_text_is_compressed_for_those_who_ask(root: Root, app: str) -> None:
    answer = root.get(f"{app}.localhost", "/bytes?n=20000", headers={"Accept-Encoding": "gzip"})
    assert answer.headers.get("Content-Encoding") == "gzip"


def test_nothing_but_the_proxy_listens_for_the_world(root: Root, app: str) -> None:
    endpoint = root.json("ps", "report", app)[0]["endpoint"]
    port = int(endpoint.rsplit(":", 1)[1])
    with socket.socket() as probe:
        probe.settimeout(2)
        assert probe.connect_ex(("127.0.0.1", port)) != 0
