"""The contract of a proxy: what it serves, what it refuses, what it keeps when it refuses."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

import pytest

from dokkupy.errors import ProxyRefused
from dokkupy.names import AppName, HostName
from dokkupy.proxy import Proxy
from dokkupy.testing import client
from dokkupy.testing.backend import Backend
from dokkupy.testing.capability import Contract
from dokkupy.testing.contracts.proxy_sites import SitesContract
from dokkupy.testing.patience import eventually
from dokkupy.types import Endpoint, Route, RouteState


class ProxyBench(Protocol):
    """One proxy with a root of its own, and what a test may do to it."""

    port: int
    """Of this host, for http; free before the first `apply`."""
    https_port: int

    @property
    def proxy(self) -> Proxy:
        """The proxy, as each command makes itself one."""
        ...

    def spoil(self, app: str) -> None:
        """From now on let the app's part be one that the proxy refuses."""
        ...

    def mend(self, app: str) -> None:
        """Take that back."""
        ...


NewBench: TypeAlias = Callable[[], ProxyBench]
NewBackend: TypeAlias = Callable[[str], Backend]


def route(
    app: str, *endpoints: Endpoint, hosts: tuple[str, ...] = (), backups: tuple[Endpoint, ...] = ()
) -> Route:
    """Return a route that serves `app` under `APP.test`, or under `hosts`."""
    return Route(
        app=AppName.parse(app),
        hosts=tuple(HostName.parse(host) for host in hosts or (f"{app}.test",)),
        state=RouteState.SERVING,
        endpoints=endpoints,
        backups=backups,
    )


def page(app: str, state: RouteState) -> Route:
    """Return the route of an app that nothing serves."""
    return Route(app=AppName(app), hosts=(HostName(f"{app}.test"),), state=state)


class ProxyContract(SitesContract, Contract):
    """Subclass it beside a fixture `new_bench` that gives a `NewBench` and stops what it made.

    `ProxyTrafficContract` is for proxies whose server is a process of its own.
    """

    suite = "proxy"

    @pytest.fixture
    def bench(self, new_bench: NewBench) -> ProxyBench:
        """Give one proxy."""
        return new_bench()

    @pytest.fixture
    def new_backend(self) -> Iterator[NewBackend]:
        """Give what starts an app on a loopback port; close them all afterwards."""
        backends: list[Backend] = []

        def new(name: str) -> Backend:
            backends.append(Backend(name))
            return backends[-1]

        yield new
        for backend in backends:
            backend.close()

    def test_serves_a_route_by_its_host(self, bench: ProxyBench, new_backend: NewBackend) -> None:
        one, two = new_backend("one"), new_backend("two")
        bench.proxy.apply([route("one", one.endpoint), route("two", two.endpoint)])
        assert client.get(bench.port, "one.test").text == "one"
        assert client.get(bench.port, f"two.test:{bench.port}").text == "two"

    def test_an_exact_host_goes_before_a_wildcard(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        any_, one = new_backend("any"), new_backend("one")
        bench.proxy.apply(
            [
                route("any", any_.endpoint, hosts=("*.example.test",)),
                route("one", one.endpoint, hosts=("one.example.test", "example.test")),
            ]
        )
        hosts = ("one.example.test", "example.test", "two.example.test", "a.b.example.test")
        answers = [client.get(bench.port, host).text for host in hosts]
        assert answers == ["one", "one", "any", "any"]

    def test_closes_the_connection_on_an_unknown_host(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        bench.proxy.apply([route("one", new_backend("one").endpoint)])
        for host in ("other.test", "127.0.0.1", "one.test.example"):
            reply = client.get(bench.port, host)
            assert (reply.status, reply.body) == (0, b"")

    def test_answers_404_with_the_way_to_push_when_never_deployed(self, bench: ProxyBench) -> None:
        bench.proxy.apply([page("one", RouteState.NEVER_DEPLOYED)])
        reply = client.get(bench.port, "one.test")
        assert reply.status == 404
        assert "git push dokkupy" in reply.text

    def test_answers_503_when_stopped(self, bench: ProxyBench) -> None:
        bench.proxy.apply([page("one", RouteState.STOPPED)])
        reply = client.get(bench.port, "one.test")
        assert (reply.status, reply.headers["retry-after"]) == (503, "30")

    def test_answers_503_when_nothing_runs(self, bench: ProxyBench) -> None:
        bench.proxy.apply([route("one")])
        assert client.get(bench.port, "one.test").status == 503

    def test_serves_exactly_the_routes_of_the_last_call(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        old, new = new_backend("old"), new_backend("new")
        bench.proxy.apply([route("one", old.endpoint), route("two", old.endpoint)])
        bench.proxy.apply([route("one", new.endpoint)])
        assert client.get(bench.port, "one.test").text == "new"
        assert client.get(bench.port, "two.test").status == 0

    def test_serves_nobody_without_routes(self, bench: ProxyBench) -> None:
        bench.proxy.apply([])
        assert client.get(bench.port, "one.test").status == 0

    def test_asks_every_endpoint(self, bench: ProxyBench, new_backend: NewBackend) -> None:
        one, two = new_backend("1"), new_backend("2")
        bench.proxy.apply([route("one", one.endpoint, two.endpoint)])

        def both() -> bool:
            client.get(bench.port, "one.test")
            return bool(one.paths and two.paths)

        eventually(both)

    def test_goes_past_an_endpoint_that_does_not_answer(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        one, two = new_backend("1"), new_backend("2")
        bench.proxy.apply([route("one", one.endpoint, two.endpoint)])
        one.close()
        assert {client.get(bench.port, "one.test").text for _ in range(10)} == {"2"}

    def test_asks_a_backup_only_when_no_endpoint_answers(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        old, new = new_backend("old"), new_backend("new")
        bench.proxy.apply([route("one", new.endpoint, backups=(old.endpoint,))])
        assert {client.get(bench.port, "one.test").text for _ in range(20)} == {"new"}
        new.close()
        assert {client.get(bench.port, "one.test").text for _ in range(20)} == {"old"}
        with Backend("new", port=new.endpoint.port):
            assert client.get(bench.port, "one.test").text == "new"

    def test_a_refused_change_leaves_what_served(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        old, new = new_backend("old"), new_backend("new")
        before = bench.proxy.apply([route("one", old.endpoint)], changed="one")
        bench.spoil("one")
        with pytest.raises(ProxyRefused) as refusal:
            bench.proxy.apply([route("one", new.endpoint)], changed="one")
        assert refusal.value.app == "one"
        assert refusal.value.hint
        assert client.get(bench.port, "one.test").text == "old"
        assert bench.proxy.status().generation == before
        bench.mend("one")
        bench.proxy.apply([route("one", new.endpoint)], changed="one")
        assert client.get(bench.port, "one.test").text == "new"

    def test_what_another_app_breaks_stops_no_change(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        one, old, new = new_backend("one"), new_backend("old"), new_backend("new")
        bench.proxy.apply([route("one", one.endpoint), route("two", old.endpoint)])
        bench.spoil("one")
        bench.proxy.apply([route("one", one.endpoint), route("two", new.endpoint)], changed="two")
        assert client.get(bench.port, "one.test").text == "one"
        assert client.get(bench.port, "two.test").text == "new"
        assert "one" in bench.proxy.status().detail

    def test_a_broken_app_still_follows_its_containers(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        old, new = new_backend("old"), new_backend("new")
        bench.proxy.apply([route("one", old.endpoint)])
        bench.spoil("one")
        bench.proxy.apply([route("one", new.endpoint)])
        assert client.get(bench.port, "one.test").text == "new"

    def test_an_app_that_was_broken_from_the_start_is_not_served_half(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        one, two = new_backend("one"), new_backend("two")
        bench.spoil("one")
        for _ in range(2):
            bench.proxy.apply([route("one", one.endpoint), route("two", two.endpoint)])
            assert client.get(bench.port, "one.test").status == 503
            assert client.get(bench.port, "two.test").text == "two"
        bench.mend("one")
        bench.proxy.apply([route("one", one.endpoint), route("two", two.endpoint)])
        assert client.get(bench.port, "one.test").text == "one"
        assert not bench.proxy.status().detail

    def test_counts_the_connections_to_an_endpoint(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        one, two = new_backend("one"), new_backend("two")
        bench.proxy.apply([route("one", one.endpoint)])
        assert bench.proxy.connections([one.endpoint]) == 0
        with client.connect(bench.port) as connection:
            connection.sendall(client.request("one.test", "/slow?seconds=0.5"))
            eventually(lambda: one.paths["/slow"])
            assert bench.proxy.connections([two.endpoint, one.endpoint]) == 1
            assert bench.proxy.connections([two.endpoint]) == 0
            assert client.read(connection).text == "one"
        eventually(lambda: bench.proxy.connections([one.endpoint]) == 0)

    def test_applies_one_after_the_other_when_asked_at_once(
        self, bench: ProxyBench, new_backend: NewBackend
    ) -> None:
        backends = [new_backend(str(number)) for number in range(4)]
        order: list[tuple[int, str]] = []

        def apply(backend: Backend) -> None:
            order.append((bench.proxy.apply([route("one", backend.endpoint)]), backend.name))

        threads = [threading.Thread(target=apply, args=(backend,)) for backend in backends]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len({generation for generation, _ in order}) == 4
        assert client.get(bench.port, "one.test").text == max(order)[1]

    def test_tells_what_it_serves(self, bench: ProxyBench, new_backend: NewBackend) -> None:
        assert not bench.proxy.status().running
        assert bench.proxy.status().generation == 0
        first = bench.proxy.apply([route("one", new_backend("one").endpoint)])
        second = bench.proxy.apply([])
        status = bench.proxy.status()
        assert 0 < first < second == status.generation
        assert (status.running, status.http_port) == (True, bench.port)

    def test_stops_and_serves_again(self, bench: ProxyBench, new_backend: NewBackend) -> None:
        one = route("one", new_backend("one").endpoint)
        bench.proxy.stop()
        bench.proxy.apply([one])
        bench.proxy.stop()
        assert not bench.proxy.status().running
        with pytest.raises(ConnectionRefusedError):
            client.get(bench.port, "one.test")
        bench.proxy.stop()
        bench.proxy.apply([one])
        assert client.get(bench.port, "one.test").text == "one"

    def test_names_the_port_that_somebody_else_holds(self, bench: ProxyBench) -> None:
        with socket.create_server(("127.0.0.1", bench.port)):
            with pytest.raises(ProxyRefused, match=str(bench.port)) as refusal:
                bench.proxy.apply([])
            assert refusal.value.hint
            assert not bench.proxy.status().running
        bench.proxy.apply([])
        assert bench.proxy.status().running
