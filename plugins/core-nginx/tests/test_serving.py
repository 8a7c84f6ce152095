from __future__ import annotations

import json
import socket
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dokkupy.errors import ProxyRefused
from dokkupy.testing import client
from dokkupy.testing.backend import Backend
from dokkupy.testing.contracts.proxy import page, route
from dokkupy.testing.patience import eventually
from dokkupy.types import RouteState
from dokkupy_core_nginx.settings import DEFAULTS
from dokkupy_core_nginx.testing import NginxBench


def seen_headers(bench: NginxBench, **headers: str) -> dict[str, str]:
    """Return what the app gets of a request with these headers, `_` standing for `-`."""
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = client.get(bench.port, "one.test", "/headers", headers=spelled)
    return dict(json.loads(reply.body))


def test_a_body_beyond_the_limit_is_refused(bench: NginxBench, one: Backend) -> None:
    bench.settings["one"] = replace(DEFAULTS, client_max_body_size="1k")
    bench.proxy.apply([route("one", one.endpoint)])
    for size, status in ((1024, 200), (1025, 413)):
        reply = client.get(bench.port, "one.test", "/upload", method="POST", body=b"x" * size)
        assert reply.status == status


def test_an_app_that_is_silent_for_too_long_is_given_up(bench: NginxBench, one: Backend) -> None:
    bench.settings["one"] = replace(DEFAULTS, proxy_read_timeout="50ms")
    bench.proxy.apply([route("one", one.endpoint)])
    assert client.get(bench.port, "one.test", "/slow?seconds=0.5").status == 504


def test_a_global_setting_holds_until_an_app_has_its_own(bench: NginxBench, one: Backend) -> None:
    bench.defaults = replace(DEFAULTS, client_max_body_size="1k")
    bench.settings["two"] = replace(bench.defaults, client_max_body_size="2k")
    bench.proxy.apply([route("one", one.endpoint), route("two", one.endpoint)])
    body = b"x" * 1500
    statuses = [
        client.get(bench.port, f"{app}.test", "/upload", method="POST", body=body).status
        for app in ("one", "two")
    ]
    assert statuses == [413, 200]


def test_connections_to_the_app_are_kept_and_let_go(bench: NginxBench, one: Backend) -> None:
    bench.proxy.apply([route("one", one.endpoint)])
    client.get(bench.port, "one.test")
    assert bench.proxy.connections([one.endpoint]) == 1
    eventually(lambda: bench.proxy.connections([one.endpoint]) == 0, timeout=5)


def test_without_keepalive_no_connection_is_kept(bench: NginxBench, one: Backend) -> None:
    bench.settings["one"] = replace(DEFAULTS, keepalive=0)
    bench.proxy.apply([route("one", one.endpoint)])
    with client.connect(bench.port) as connection:
        connection.sendall(client.request("one.test", close=False))
        client.read(connection)
        eventually(lambda: bench.proxy.connections([one.endpoint]) == 0, timeout=0.8)


def test_the_access_log_is_written_when_wanted(bench: NginxBench, one: Backend) -> None:
    bench.settings["one"] = replace(DEFAULTS, access_log="on")
    bench.proxy.apply([route("one", one.endpoint), route("two", one.endpoint)])
    client.get(bench.port, "one.test", "/seen")
    client.get(bench.port, "two.test", "/unseen")
    logs = bench.folder / "logs" / "access"
    eventually(lambda: "GET /seen" in (logs / "one.log").read_text())
    assert [log.name for log in logs.iterdir()] == ["one.log"]


def test_the_host_that_routed_a_request_is_the_one_the_app_sees(
    bench: NginxBench, one: Backend
) -> None:
    bench.proxy.apply([route("one", one.endpoint)])
    with client.connect(bench.port) as connection:
        connection.sendall(
            b"GET http://one.test/headers HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n"
        )
        seen = dict(json.loads(client.read(connection).body))
    assert seen["Host"] == seen["X-Forwarded-Host"] == "one.test"


def test_a_port_in_the_host_reaches_the_app(bench: NginxBench, one: Backend) -> None:
    bench.proxy.apply([route("one", one.endpoint)])
    reply = client.get(bench.port, "ONE.test:9999", "/headers")
    assert dict(json.loads(reply.body))["Host"] == "ONE.test:9999"


def test_a_callers_request_id_is_kept_when_it_looks_like_one(
    bench: NginxBench, one: Backend
) -> None:
    bench.proxy.apply([route("one", one.endpoint)])
    good, bad = "0123456789-abcdefghij", 'x"; drop'
    assert seen_headers(bench, X_Request_ID=good)["X-Request-Id"] == good
    assert len(seen_headers(bench, X_Request_ID=bad)["X-Request-Id"]) == 32


def test_only_websockets_are_upgraded(bench: NginxBench, one: Backend) -> None:
    bench.proxy.apply([route("one", one.endpoint)])
    seen = seen_headers(bench, Upgrade="h2c", HTTP2_Settings="AAMAAABkAAQAAP__")
    assert "Upgrade" not in seen
    assert "upgrade" not in seen.get("Connection", "").lower()


def test_headers_that_could_pass_for_others_do_not_reach_the_app(
    bench: NginxBench, one: Backend
) -> None:
    bench.proxy.apply([route("one", one.endpoint)])
    with client.connect(bench.port) as connection:
        connection.sendall(
            client.request("one.test", "/headers", headers={"X_Real_IP": "1.2.3.4", "Proxy": "x"})
        )
        seen = dict(json.loads(client.read(connection).body))
    assert not {"X_Real_IP", "Proxy"} & seen.keys()


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Content-Length: 4\r\nContent-Length: 5",
        "Transfer-Encoding: chunked, identity",
    ],
)
def test_a_request_of_two_lengths_is_refused(bench: NginxBench, one: Backend, framing: str) -> None:
    bench.proxy.apply([route("one", one.endpoint)])
    with client.connect(bench.port) as connection:
        head = f"POST /smuggled HTTP/1.1\r\nHost: one.test\r\n{framing}\r\n\r\n0\r\n\r\n"
        connection.sendall(head.encode())
        assert client.read(connection).status in {400, 501}
    assert not one.paths


def test_the_server_does_not_tell_its_version(bench: NginxBench) -> None:
    bench.proxy.apply([page("one", RouteState.STOPPED)])
    assert client.get(bench.port, "one.test").headers["server"] == "nginx"


def test_listens_on_both_families(bench: NginxBench, one: Backend) -> None:
    bench.addresses = ("127.0.0.1", "::1")
    bench.proxy.apply([route("one", one.endpoint)])
    with socket.create_connection(("::1", bench.port), timeout=10) as connection:
        connection.sendall(client.request("one.test"))
        assert client.read(connection).text == "one"


def test_an_address_that_overlaps_the_one_before_is_taken_over(
    bench: NginxBench, one: Backend
) -> None:
    for addresses in (("127.0.0.1",), ("0.0.0.0",), ("127.0.0.1", "none")):
        bench.addresses = addresses
        bench.proxy.apply([route("one", one.endpoint)])
        assert client.get(bench.port, "one.test").text == "one"


def test_an_address_that_the_host_lacks_is_refused(bench: NginxBench, one: Backend) -> None:
    bench.proxy.apply([route("one", one.endpoint)])
    bench.addresses = ("192.0.2.1",)
    with pytest.raises(ProxyRefused, match="no such address"):
        bench.proxy.apply([route("one", one.endpoint)])
    assert client.get(bench.port, "one.test").text == "one"


def test_a_snippet_reaches_the_app_by_its_upstream_whatever_its_state(
    bench: NginxBench, one: Backend
) -> None:
    bench.snippets["one"] = {"admin": "location /admin { proxy_pass http://app-one/headers; }"}
    bench.proxy.apply([route("one", one.endpoint)], changed="one")
    seen = dict(json.loads(client.get(bench.port, "one.test", "/admin").body))
    assert seen["X-Forwarded-For"] == "127.0.0.1"
    for state in (RouteState.STOPPED, RouteState.NEVER_DEPLOYED):
        bench.proxy.apply([page("one", state)], changed="one")
        assert client.get(bench.port, "one.test", "/admin").status == 502


@pytest.mark.parametrize("snippet", ["}\nserver { listen 1; }\nserver {", "{", "}", 'a "'])
def test_a_snippet_cannot_leave_its_block(bench: NginxBench, one: Backend, snippet: str) -> None:
    bench.snippets["one"] = {"escape": snippet}
    with pytest.raises(ProxyRefused, match="escape") as refusal:
        bench.proxy.apply([route("one", one.endpoint)], changed="one")
    assert refusal.value.app == "one"
    assert snippet.splitlines()[0] in refusal.value.detail


def test_a_refusal_without_a_file_still_names_the_app(bench: NginxBench, one: Backend) -> None:
    bench.snippets["two"] = {"limit": "limit_req zone=nowhere;"}
    with pytest.raises(ProxyRefused, match="nowhere") as refusal:
        bench.proxy.apply([route("one", one.endpoint), route("two", one.endpoint)], changed="two")
    assert refusal.value.app == "two"
    bench.proxy.apply([route("one", one.endpoint), route("two", one.endpoint)], changed="one")
    assert client.get(bench.port, "one.test").text == "one"
    assert client.get(bench.port, "two.test").status == 503


def test_hsts_is_sent_over_https_and_never_over_http(
    bench: NginxBench, one: Backend, tmp_path: Path
) -> None:
    port = client.free_port()
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    names = ["-subj", "/CN=one.test", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    bench.snippets["one"] = {
        "tls": f"listen 127.0.0.1:{port} ssl;\nssl_certificate {certificate};\n"
        f"ssl_certificate_key {key};\n"
    }
    bench.settings["one"] = replace(DEFAULTS, hsts="on", hsts_max_age=60)
    bench.proxy.apply([route("one", one.endpoint)], changed="one")
    assert "strict-transport-security" not in client.get(bench.port, "one.test").headers
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = False
    with context.wrap_socket(client.connect(port)) as connection:
        connection.sendall(client.request("one.test", "/headers"))
        reply = client.read(connection)
    assert reply.headers["strict-transport-security"] == "max-age=60"
    assert dict(json.loads(reply.body))["X-Forwarded-Proto"] == "https"


def test_a_header_that_a_snippet_sets_for_the_app_comes_beside_ours(
    bench: NginxBench, one: Backend
) -> None:
    bench.snippets["one"] = {"mine": "proxy_set_header X-Mine 1;"}
    bench.proxy.apply([route("one", one.endpoint)], changed="one")
    seen = seen_headers(bench)
    assert (seen["X-Mine"], seen["X-Real-IP"]) == ("1", "127.0.0.1")
    assert seen["Host"] == "one.test"
