"""The contract of a proxy that takes the public's traffic: nothing lost, nothing old, all kinds."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from dokkupy.errors import ProxyRefused
from dokkupy.testing import client, tls
from dokkupy.testing.contracts.proxy import (
    NewBackend,
    NewBench,
    ProxyBench,
    ProxyContract,
    route,
)
from dokkupy.testing.patience import eventually
from dokkupy.testing.traffic import Traffic, wait_for

SWAPS = 20
UPLOAD = 50 * 1024 * 1024


class KillableBench(ProxyBench, Protocol):
    """A proxy whose server is a process of its own."""

    def kill(self) -> None:
        """Kill the server's first process as a crash would, and nothing else."""
        ...


class ProxyTrafficContract(ProxyContract):
    """Subclass it beside a fixture `new_bench` whose benches are `KillableBench`es."""

    @pytest.mark.parametrize("keep_alive", [False, True], ids=["new connections", "keep-alive"])
    def test_swaps_lose_nothing_and_leave_nothing_old(
        self, bench: ProxyBench, new_backend: NewBackend, keep_alive: bool
    ) -> None:
        names = [str(number) for number in range(SWAPS + 1)]
        right = frozenset(names[:1])
        bench.proxy.apply([route("one", new_backend(names[0]).endpoint)])
        with Traffic(
            bench.port, "one.test", keep_alive=keep_alive, expected=lambda: right
        ) as traffic:
            for name in names[1:]:
                backend = new_backend(name)
                right = right | {name}
                bench.proxy.apply([route("one", backend.endpoint)], changed="one")
                right = frozenset({name})
                wait_for(traffic.tally, 10)
        tally = traffic.tally
        assert tally.failed == []
        # A request on a connection opened before the swap may meet the old side once more.
        assert tally.stale == 0 or keep_alive
        assert tally.answered >= SWAPS * 10

    def test_swaps_in_quick_succession_leave_nothing_old(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        backends = [new_backend("0"), new_backend("1")]
        for number in range(SWAPS):
            backend = backends[number % 2]
            bench.proxy.apply([route("one", backend.endpoint)])
            answers = [client.get(bench.port, "one.test").text for _ in range(4)]
            assert answers == [backend.name] * 4

    def test_requests_in_flight_survive_a_swap(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        old, new = new_backend("old"), new_backend("new")
        bench.proxy.apply([route("one", old.endpoint)])
        with client.connect(bench.port) as connection:
            connection.sendall(client.request("one.test", "/slow?seconds=2"))
            eventually(lambda: old.paths["/slow"])
            bench.proxy.apply([route("one", new.endpoint)])
            assert client.get(bench.port, "one.test").text == "new"
            assert client.read(connection).text == "old"

    def test_a_websocket_passes_and_survives_a_swap(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        old, new = new_backend("old"), new_backend("new")
        bench.proxy.apply([route("one", old.endpoint)])
        with client.connect(bench.port) as connection:
            connection.sendall(
                client.request(
                    "one.test",
                    "/socket",
                    headers={
                        "Connection": "Upgrade",
                        "Upgrade": "websocket",
                        "Sec-WebSocket-Version": "13",
                        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
                    },
                )
            )
            assert b"101" in client.read_until(connection, b"\r\n\r\n")
            for text in (b"before", b"after"):
                connection.sendall(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text)
                assert client.read_until(connection, text).endswith(bytes([0x81, len(text)]) + text)
                bench.proxy.apply([route("one", new.endpoint)])

    def test_events_arrive_as_they_are_sent(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        one = new_backend("one")
        bench.proxy.apply([route("one", one.endpoint)])
        with client.connect(bench.port) as connection:
            connection.sendall(client.request("one.test", "/events"))
            for number in range(3):
                # The next event waits until this one is here.
                client.read_until(connection, f"data: {number}\n\n".encode())
                one.go_on()

    def test_large_uploads_pass(self, bench: ProxyBench, new_backend: NewBackend) -> None:
        bench.proxy.apply([route("one", new_backend("one").endpoint)])
        body = bytes(range(256)) * (UPLOAD // 256)
        reply = client.get(bench.port, "one.test", "/upload", method="POST", body=body, timeout=60)
        digest = hashlib.sha256(body).hexdigest()
        assert json.loads(reply.body) == {"size": UPLOAD, "sha256": digest}

    def test_text_is_compressed_for_who_takes_it(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        bench.proxy.apply([route("one", new_backend("one").endpoint)])
        plain = client.get(bench.port, "one.test", "/large")
        packed = client.get(bench.port, "one.test", "/large", headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert len(packed.body) < len(plain.body) / 10

    def test_address_scheme_and_host_reach_the_app(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        bench.proxy.apply([route("one", new_backend("one").endpoint)])
        claims = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        reply = client.get(bench.port, f"one.test:{bench.port}", "/headers", headers=claims)
        seen = dict(json.loads(reply.body))
        assert seen["Host"] == f"one.test:{bench.port}"
        assert seen["X-Forwarded-For"] == "127.0.0.1"
        assert seen["X-Forwarded-Proto"] == "http"
        assert seen["X-Forwarded-Port"] == str(bench.port)
        assert seen["X-Request-Id"]

    def test_a_request_that_may_have_had_an_effect_is_not_repeated(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        one, two = new_backend("one"), new_backend("two")
        bench.proxy.apply([route("one", one.endpoint, backups=(two.endpoint,))])
        reply = client.get(bench.port, "one.test", "/drop", method="POST", body=b"order")
        assert reply.status == 502
        assert one.paths["/drop"] + two.paths["/drop"] == 1

    def test_a_container_that_swallows_packets_is_passed_over(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        dead, held = client.blackhole()
        try:
            bench.proxy.apply([route("one", dead, backups=(new_backend("old").endpoint,))])
            assert client.get(bench.port, "one.test").text == "old"
        finally:
            for connection in held:
                connection.close()

    def test_two_roots_serve_side_by_side(
        self, new_bench: NewBench, new_backend: NewBackend
    ) -> None:
        first, second = new_bench(), new_bench()
        for bench in (first, second):
            name = f"on {bench.port}"
            bench.proxy.apply([route("one", new_backend(name).endpoint)])
        assert client.get(second.port, "one.test").text == f"on {second.port}"
        first.proxy.stop()
        assert client.get(second.port, "one.test").text == f"on {second.port}"
        first.proxy.apply([route("one", new_backend("again").endpoint)])
        assert client.get(first.port, "one.test").text == "again"

    def test_picks_up_after_its_server_was_killed(
        self, bench: KillableBench, new_backend: NewBackend
    ) -> None:
        old, new = new_backend("old"), new_backend("new")
        bench.proxy.apply([route("one", old.endpoint)])
        bench.kill()
        eventually(lambda: not bench.proxy.status().running)
        bench.proxy.apply([route("one", new.endpoint)])
        assert {client.get(bench.port, "one.test").text for _ in range(20)} == {"new"}
        assert bench.proxy.status().running

    def test_stops_after_its_server_was_killed(
        self, bench: KillableBench, new_backend: NewBackend
    ) -> None:
        bench.proxy.apply([route("one", new_backend("one").endpoint)])
        bench.kill()
        bench.proxy.stop()
        with pytest.raises(ConnectionRefusedError):
            client.get(bench.port, "one.test")

    def test_moves_to_another_port_and_refuses_a_taken_one(
        self, bench: KillableBench, new_backend: NewBackend
    ) -> None:
        one = route("one", new_backend("one").endpoint)
        bench.proxy.apply([one])
        before = bench.port
        with socket.create_server(("127.0.0.1", 0)) as holder:
            bench.port = holder.getsockname()[1]
            with pytest.raises(ProxyRefused, match="taken"):
                bench.proxy.apply([one])
            assert client.get(before, "one.test").text == "one"
        bench.proxy.apply([one])
        assert client.get(bench.port, "one.test").text == "one"

    def test_serves_each_host_with_the_certificate_of_its_own_app(
        self, bench: ProxyBench, new_backend: NewBackend, tmp_path: Path
    ) -> None:
        mine = tls.self_signed(tmp_path / "mine", "one.test", "*.one.test")
        other = tls.self_signed(tmp_path / "other", "two.test")
        one = route("one", new_backend("one").endpoint, hosts=("one.test", "www.one.test"))
        two, three = (route(name, new_backend(name).endpoint) for name in ("two", "three"))
        secured = [replace(one, certificate=mine), replace(two, certificate=other)]
        bench.proxy.apply([*secured, three])
        port = bench.https_port
        assert tls.get(port, "one.test", trusted=mine.chain).text == "one"
        assert tls.get(port, "www.one.test", trusted=mine.chain).text == "one"
        assert tls.get(port, "two.test", trusted=other.chain).text == "two"
        for nobody in ("three.test", "four.test", ""):
            assert tls.is_refused(port, nobody), nobody
        headers = dict(json.loads(tls.get(port, "one.test", "/headers").body))
        assert (headers["X-Forwarded-Proto"], headers["X-Forwarded-Port"]) == ("https", str(port))

    def test_an_app_without_a_certificate_is_not_served_under_that_of_another(
        self, bench: ProxyBench, new_backend: NewBackend, tmp_path: Path
    ) -> None:
        mine = tls.self_signed(tmp_path / "mine", "one.test")
        one, two = new_backend("one"), new_backend("two")
        secured = replace(route("one", one.endpoint), certificate=mine)
        bench.proxy.apply([secured, route("two", two.endpoint)])
        for host in ("two.test", "three.test"):
            assert tls.get(bench.https_port, host, name="one.test").status in (0, 421)
        assert not two.paths

    def test_sends_visitors_to_https_where_the_certificate_is_valid(
        self, bench: ProxyBench, new_backend: NewBackend, tmp_path: Path
    ) -> None:
        mine = tls.self_signed(tmp_path / "mine", "one.test")
        plain = route("one", new_backend("one").endpoint, hosts=("one.test", "other.test"))
        bench.proxy.apply([replace(plain, certificate=mine)])
        reply = client.get(bench.port, "one.test", "/path?a=b")
        assert reply.status in (301, 308)
        assert reply.headers["location"] == f"https://one.test:{bench.https_port}/path?a=b"
        assert client.get(bench.port, "other.test").text == "one"
        bench.proxy.apply([plain])
        assert client.get(bench.port, "one.test").text == "one"

    def test_a_certificate_that_cannot_be_read_is_that_app_s_trouble_alone(
        self, bench: ProxyBench, new_backend: NewBackend, tmp_path: Path
    ) -> None:
        lost = tls.self_signed(tmp_path / "lost", "one.test")
        other = tls.self_signed(tmp_path / "other", "two.test")
        lost.key.unlink()
        broken = replace(route("one", new_backend("one").endpoint), certificate=lost)
        fine = replace(route("two", new_backend("two").endpoint), certificate=other)
        with pytest.raises(ProxyRefused) as refusal:
            bench.proxy.apply([broken, fine], changed="one")
        assert refusal.value.app == "one"
        bench.proxy.apply([broken, fine], changed="two")
        assert tls.get(bench.https_port, "two.test", trusted=other.chain).text == "two"
        assert client.get(bench.port, "one.test").status == 503
        assert "one" in bench.proxy.status().detail

    def test_a_new_certificate_is_served_without_losing_a_request(
        self, bench: ProxyBench, new_backend: NewBackend, tmp_path: Path
    ) -> None:
        one = route("one", new_backend("one").endpoint, hosts=("one.test", "plain.test"))
        bench.proxy.apply([one])
        with Traffic(
            bench.port, "plain.test", keep_alive=True, expected=lambda: frozenset({"one"})
        ) as traffic:
            for number in range(3):
                fresh = tls.self_signed(tmp_path / str(number), "one.test")
                bench.proxy.apply([replace(one, certificate=fresh)], changed="one")
                assert tls.get(bench.https_port, "one.test", trusted=fresh.chain).text == "one"
                wait_for(traffic.tally, 10)
        assert traffic.tally.failed == []
