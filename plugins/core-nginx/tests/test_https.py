"""What is particular to https by this nginx; that it is served at all is in the contract."""

from __future__ import annotations

import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dokkupy.errors import ProxyRefused
from dokkupy.testing import client, tls
from dokkupy.testing.backend import Backend
from dokkupy.testing.contracts.proxy import page, route
from dokkupy.types import Route, RouteState
from dokkupy_core_nginx.settings import DEFAULTS
from dokkupy_core_nginx.testing import NginxBench


@pytest.fixture
def secured(one: Backend, tmp_path: Path) -> Route:
    certificate = tls.self_signed(tmp_path / "certificate", "one.test")
    return replace(route("one", one.endpoint), certificate=certificate)


def test_http_2_is_spoken_with_whoever_speaks_it(bench: NginxBench, secured: Route) -> None:
    bench.proxy.apply([secured])
    for offered, spoken in ((("h2", "http/1.1"), "h2"), (("http/1.1",), "http/1.1")):
        with tls.handshake(bench.https_port, "one.test", protocols=offered) as connection:
            assert connection.selected_alpn_protocol() == spoken


def test_versions_of_tls_before_1_2_are_refused(bench: NginxBench, secured: Route) -> None:
    bench.proxy.apply([secured])
    old = ["curl", "--silent", "--insecure", "--output", "-", "--ciphers", "ALL:@SECLEVEL=0"]
    for limit, code in (("1.1", 35), ("1.2", 0)):  # 35: the handshake failed
        done = subprocess.run(
            [
                *old,
                *("--tls-max", limit, "--resolve", f"one.test:{bench.https_port}:127.0.0.1"),
                f"https://one.test:{bench.https_port}/",
            ],
            capture_output=True,
            check=False,
        )
        assert done.returncode == code, done


def test_hsts_is_sent_over_https_alone(bench: NginxBench, secured: Route) -> None:
    bench.settings["one"] = replace(DEFAULTS, hsts="on", hsts_max_age=60, https_redirect="off")
    bench.proxy.apply([secured])
    secure = tls.get(bench.https_port, "one.test")
    assert secure.headers["strict-transport-security"] == "max-age=60"
    assert "strict-transport-security" not in client.get(bench.port, "one.test").headers


def test_a_form_sent_over_http_is_sent_again_whole(bench: NginxBench, secured: Route) -> None:
    bench.proxy.apply([secured])
    reply = client.get(bench.port, "one.test", "/form", method="POST", body=b"a=b")
    assert (reply.status, reply.headers["location"]) == (
        308,
        f"https://one.test:{bench.https_port}/form",
    )


def test_the_proof_for_a_certificate_is_answered_over_http(
    bench: NginxBench, secured: Route, one: Backend
) -> None:
    bench.proxy.apply([secured])
    path = "/.well-known/acme-challenge/token"
    assert client.get(bench.port, "one.test", path).status == 200
    assert one.paths[path] == 1
    hidden = client.get(bench.port, "one.test", "/x/.well-known/acme-challenge/token")
    assert hidden.status == 308


def test_the_pages_of_an_app_that_nothing_serves_are_there_by_https(
    bench: NginxBench, secured: Route
) -> None:
    stopped = replace(page("one", RouteState.STOPPED), certificate=secured.certificate)
    bench.proxy.apply([stopped])
    assert tls.get(bench.https_port, "one.test").status == 503


def test_the_port_of_https_is_let_go_of_with_the_last_certificate(
    bench: NginxBench, secured: Route
) -> None:
    bench.proxy.apply([secured])
    bench.proxy.apply([replace(secured, certificate=None)])
    with pytest.raises(ConnectionRefusedError):
        client.connect(bench.https_port)
    assert client.get(bench.port, "one.test").text == "one"


def test_a_port_of_https_that_somebody_holds_is_named_and_http_serves_on(
    bench: NginxBench, secured: Route
) -> None:
    bench.proxy.apply([replace(secured, certificate=None)])
    with socket.create_server(("127.0.0.1", bench.https_port)):
        with pytest.raises(ProxyRefused, match=str(bench.https_port)):
            bench.proxy.apply([secured])
        assert client.get(bench.port, "one.test").text == "one"
    bench.proxy.apply([secured])
    assert tls.get(bench.https_port, "one.test").text == "one"
