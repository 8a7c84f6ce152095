"""Passwords as a real nginx asks for them; needs the plugin core-nginx beside this one."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dokkupy.testing import client, tls
from dokkupy.testing.backend import Backend
from dokkupy.testing.contracts.proxy import route
from dokkupy.testing.traffic import Traffic, wait_for
from dokkupy_basic_auth.directives import render
from dokkupy_basic_auth.hashing import hashed
from dokkupy_basic_auth.keeping import Gate
from dokkupy_basic_auth.openings import Opening

if TYPE_CHECKING:
    from dokkupy_core_nginx.testing import NginxBench

nginx = pytest.importorskip(
    "dokkupy_core_nginx.testing", reason="the plugin core-nginx is not installed"
)
PASSWORD = 'Zauberwort ü€ $ " \\ 1'
OPENINGS = ("/health", "/hooks/", "192.0.2.0/24")
CHALLENGE = "/.well-known/acme-challenge/token"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[NginxBench]:
    folder = tmp_path / 'a $ "root"'
    bench = nginx.NginxBench(folder / "proxy")
    bench.snippets["one"] = asking(folder, *OPENINGS)
    yield bench
    bench.proxy.stop()


@pytest.fixture
def one(bench: NginxBench) -> Iterator[Backend]:
    with Backend("one") as backend:
        bench.proxy.apply([route("one", backend.endpoint)])
        yield backend


def asking(folder: Path, *openings: str) -> dict[str, str]:
    """Write a user's file and return what asks for the password."""
    file = folder / "users"
    folder.mkdir(exist_ok=True)
    file.write_text(f"anna:{hashed(PASSWORD)}\n")
    file.chmod(0o600)
    gate = Gate(on=True, users={}, openings=tuple(map(Opening.parse, openings)))
    return {"basic-auth": render("one", gate, file)}


def typed(user: str = "anna", password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def status(bench: NginxBench, path: str, headers: dict[str, str] | None = None) -> int:
    return client.get(bench.port, "one.test", path, headers=headers).status


def test_only_who_knows_the_password_reaches_the_app(bench: NginxBench, one: Backend) -> None:
    refused = client.get(bench.port, "one.test")
    assert refused.status == 401
    assert refused.headers["www-authenticate"] == 'Basic realm="one asks for a password"'
    for headers in (
        typed(password=PASSWORD[:-1]),
        typed(password=""),
        typed(user="bela"),
        {"Authorization": "Bearer x"},
    ):
        assert status(bench, "/", headers) == 401
    assert not one.paths
    assert client.get(bench.port, "one.test", headers=typed()).text == "one"


def test_the_app_gets_no_password_of_the_gate_s_but_its_own_where_it_is_open(
    bench: NginxBench, one: Backend
) -> None:
    reply = client.get(bench.port, "one.test", "/headers", headers=typed())
    assert "Authorization" not in dict(json.loads(reply.text))
    bench.snippets["one"] = asking(bench.folder.parent, "/headers")
    bench.proxy.apply([route("one", one.endpoint)])
    own = {"Authorization": "Bearer its-own"}
    reply = client.get(bench.port, "one.test", "/headers", headers=own)
    assert dict(json.loads(reply.text))["Authorization"] == own["Authorization"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/health", 200),
        ("/health?verbose", 200),
        ("/hooks/a/b%20c", 200),
        (CHALLENGE, 200),
        ("/healthy", 401),
        ("/health/x", 401),
        ("/hooks", 401),
        ("/x?/health", 401),
        ("//health", 401),
        ("/x/../health", 401),
        ("/hooks/../admin", 401),
        ("/hooks/..%2fadmin", 401),
        ("/hooks/%2E%2E/admin", 401),
        ("/hooks/..;/admin", 401),
        ("/hooks/..\\admin", 401),
        ("/hooks%2fa", 401),
        ("/.well-known/acme-challenge/../../admin", 401),
    ],
)
def test_what_is_open_is_no_way_to_anything_else(
    bench: NginxBench, one: Backend, path: str, expected: int
) -> None:
    assert status(bench, path) == expected


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.0/8", 200),
        ("96.0.0.0/3", 200),
        ("127.0.0.0/31", 200),
        ("127.0.0.2", 401),
        ("128.0.0.0/1", 401),
        ("127.0.0.2/31", 401),
        ("7f00::/8", 401),
        ("7f00:1::/32", 401),
    ],
)
def test_an_open_network_is_open_to_its_addresses_alone(
    bench: NginxBench, one: Backend, network: str, expected: int
) -> None:
    bench.snippets["one"] = asking(bench.folder.parent, network)
    bench.proxy.apply([route("one", one.endpoint)])
    assert status(bench, "/") == expected


def test_the_password_is_asked_for_by_https_alone_where_there_is_https(
    bench: NginxBench, one: Backend, tmp_path: Path
) -> None:
    certificate = tls.self_signed(tmp_path / "certificate", "one.test")
    bench.proxy.apply([replace(route("one", one.endpoint), certificate=certificate)])
    assert status(bench, "/") == 308
    assert tls.get(bench.https_port, "one.test").status == 401
    assert status(bench, CHALLENGE) == 200


def test_switching_it_on_and_off_loses_no_request_of_another_app(
    bench: NginxBench, one: Backend
) -> None:
    asked = dict(bench.snippets["one"])
    with Backend("two") as two:
        routes = [route("one", one.endpoint), route("two", two.endpoint)]
        bench.proxy.apply(routes)
        with Traffic(
            bench.port, "two.test", keep_alive=False, expected=lambda: frozenset({"two"})
        ) as traffic:
            for snippets in ({}, asked, {}):
                bench.snippets["one"] = snippets
                bench.proxy.apply(routes, changed="one")
                wait_for(traffic.tally, 10)
        assert traffic.tally.failed == []
    assert status(bench, "/") == 200
