"""Redirects as a real nginx answers them; needs the plugin core-nginx beside this one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dokkupy.names import AppName, HostName
from dokkupy.testing import client, tls
from dokkupy.testing.backend import Backend
from dokkupy.testing.contracts.proxy import route
from dokkupy.types import Route
from dokkupy_redirects.directives import render
from dokkupy_redirects.keeping import Redirect

if TYPE_CHECKING:
    from dokkupy_core_nginx.testing import NginxBench

nginx = pytest.importorskip(
    "dokkupy_core_nginx.testing", reason="the plugin core-nginx is not installed"
)
HOSTS = ("one.test", "www.one.test", "old.one.test")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[NginxBench]:
    bench = nginx.NginxBench(tmp_path / "proxy")
    www = redirect("www.one.test", "one.test", 301)
    away = redirect("old.one.test", "example.com", 308)
    hosts = [HostName(host) for host in HOSTS]
    bench.snippets["one"] = {"redirects": render([www, away], hosts)}
    yield bench
    bench.proxy.stop()


@pytest.fixture
def one() -> Iterator[Route]:
    with Backend("one") as backend:
        yield route("one", backend.endpoint, hosts=HOSTS)


def redirect(host: str, to: str, code: int) -> Redirect:
    return Redirect(app=AppName("one"), host=HostName(host), to=HostName(to), code=code)


def test_path_and_query_stay_and_so_does_a_typed_port(bench: NginxBench, one: Route) -> None:
    bench.proxy.apply([one])
    for typed in ("", f":{bench.port}"):
        reply = client.get(bench.port, f"WWW.one.test{typed}", "/a%20b?c=d&e=%0A")
        assert reply.status == 301
        assert reply.headers["location"] == f"http://one.test{typed}/a%20b?c=d&e=%0A"
    reply = client.get(bench.port, f"old.one.test:{bench.port}", "/x", method="POST")
    assert (reply.status, reply.headers["location"]) == (308, "http://example.com/x")
    assert client.get(bench.port, "one.test").text == "one"


def test_the_scheme_stays(bench: NginxBench, one: Route, tmp_path: Path) -> None:
    certificate = tls.self_signed(tmp_path / "certificate", *HOSTS[:2])
    bench.proxy.apply([replace(one, certificate=certificate)])
    reply = tls.get(bench.https_port, "www.one.test", "/x")
    assert (reply.status, reply.headers["location"]) == (301, "https://one.test/x")
    reply = client.get(bench.port, "old.one.test", "/x")
    assert (reply.status, reply.headers["location"]) == (308, "http://example.com/x")


@pytest.mark.parametrize("typed", [":80;x", ":80@evil.test", ":", ":8 0"])
def test_a_strange_port_is_no_part_of_the_answer(bench: NginxBench, one: Route, typed: str) -> None:
    bench.proxy.apply([one])
    reply = client.get(bench.port, f"www.one.test{typed}")
    assert reply.status in (0, 400) or reply.headers["location"] == "http://one.test/"
