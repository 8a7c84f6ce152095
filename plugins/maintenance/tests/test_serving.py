"""The page as a real nginx shows it; needs the plugin core-nginx beside this one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dokkupy.testing import client, tls
from dokkupy.testing.backend import Backend
from dokkupy.testing.contracts.proxy import page, route
from dokkupy.testing.patience import eventually
from dokkupy.testing.traffic import Traffic, wait_for
from dokkupy.types import RouteState
from dokkupy_maintenance.directives import LONGEST_PAGE, render
from dokkupy_maintenance.keeping import State

if TYPE_CHECKING:
    from dokkupy_core_nginx.testing import NginxBench

nginx = pytest.importorskip(
    "dokkupy_core_nginx.testing", reason="the plugin core-nginx is not installed"
)
ON = {"maintenance": render("one", State(since=1.0, retry_after=60))}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[NginxBench]:
    bench = nginx.NginxBench(tmp_path / "proxy")
    yield bench
    bench.proxy.stop()


@pytest.fixture
def one() -> Iterator[Backend]:
    with Backend("one") as backend:
        yield backend


def test_every_request_gets_the_page_and_the_time_to_wait(bench: NginxBench, one: Backend) -> None:
    bench.snippets["one"] = ON
    bench.proxy.apply([route("one", one.endpoint)])
    for path, method in (("/", "GET"), ("/deep/path?q=1", "GET"), ("/form", "POST")):
        reply = client.get(bench.port, "one.test", path, method=method, body=b"x" * 100)
        assert reply.status == 503
        assert reply.headers["retry-after"] == "60"
        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        assert "one is being worked on" in reply.text
    assert not one.paths


@pytest.mark.parametrize("state", [RouteState.STOPPED, RouteState.NEVER_DEPLOYED])
def test_an_app_that_nothing_serves_shows_the_page_too(
    bench: NginxBench, state: RouteState
) -> None:
    bench.snippets["one"] = ON
    bench.proxy.apply([page("one", state)], changed="one")
    assert "being worked on" in client.get(bench.port, "one.test").text


@pytest.mark.parametrize(
    "text",
    [
        '<p class="a">100 $ and $host, ${host} \\ \\" { } ; # \r\n\t\'</p>',
        "ü€😀$" * 4000,
        '"' * LONGEST_PAGE,
        "\\" * LONGEST_PAGE,
    ],
    ids=["marks", "letters", "quotes", "backslashes"],
)
def test_a_page_of_one_s_own_arrives_as_it_is(bench: NginxBench, text: str) -> None:
    own = {"maintenance": render("one", State(since=1.0, page=text))}
    bench.snippets["one"] = own
    bench.proxy.apply([page("one", RouteState.STOPPED)], changed="one")
    reply = client.get(bench.port, "one.test")
    assert (reply.status, reply.text) == (503, text)


def test_it_is_shown_by_https_and_the_proof_for_a_certificate_is_given(
    bench: NginxBench, one: Backend, tmp_path: Path
) -> None:
    bench.snippets["one"] = ON
    certificate = tls.self_signed(tmp_path / "certificate", "one.test")
    bench.proxy.apply([replace(route("one", one.endpoint), certificate=certificate)])
    assert tls.get(bench.https_port, "one.test").status == 503
    proof = "/.well-known/acme-challenge/token"
    assert client.get(bench.port, "one.test", proof).status == 200
    assert one.paths == {proof: 1}


def test_an_open_websocket_stays_and_a_new_one_gets_the_page(
    bench: NginxBench, one: Backend
) -> None:
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
    }
    bench.proxy.apply([route("one", one.endpoint)])
    with client.connect(bench.port) as connection:
        connection.sendall(client.request("one.test", "/socket", headers=upgrade))
        client.read_until(connection, b"\r\n\r\n")
        bench.snippets["one"] = ON
        bench.proxy.apply([route("one", one.endpoint)])
        connection.sendall(bytes([0x81, 0x80 | 5, 0, 0, 0, 0]) + b"hello")
        assert client.read_until(connection, b"hello").endswith(b"hello")
    assert client.get(bench.port, "one.test", "/socket", headers=upgrade).status == 503


def test_a_request_in_flight_is_finished_by_the_app(bench: NginxBench, one: Backend) -> None:
    bench.proxy.apply([route("one", one.endpoint)])
    with client.connect(bench.port) as connection:
        connection.sendall(client.request("one.test", "/slow?seconds=1"))
        eventually(lambda: one.paths["/slow"])
        bench.snippets["one"] = ON
        bench.proxy.apply([route("one", one.endpoint)])
        assert client.get(bench.port, "one.test").status == 503
        assert client.read(connection).text == "one"


def test_another_app_notices_nothing(bench: NginxBench, one: Backend) -> None:
    with Backend("two") as two:
        routes = [route("one", one.endpoint), route("two", two.endpoint)]
        bench.proxy.apply(routes)
        with Traffic(
            bench.port, "two.test", keep_alive=False, expected=lambda: frozenset({"two"})
        ) as traffic:
            for snippets in (ON, {}, ON):
                bench.snippets["one"] = snippets
                bench.proxy.apply(routes, changed="one")
                wait_for(traffic.tally, 10)
        assert traffic.tally.failed == []
