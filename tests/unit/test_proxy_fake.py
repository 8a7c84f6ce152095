from __future__ import annotations

from collections.abc import Iterator

import pytest

from dokkupy.testing import client
from dokkupy.testing.contracts.proxy import NewBackend, NewBench, ProxyContract, route
from dokkupy.testing.proxy_fake import FakeProxy


class FakeBench:
    def __init__(self) -> None:
        self.port = client.free_port()
        self.https_port = client.free_port()
        self.proxy = FakeProxy(self.port, https_port=self.https_port)

    def spoil(self, app: str) -> None:
        self.proxy.refused.add(app)

    def mend(self, app: str) -> None:
        self.proxy.refused.remove(app)


class TestFakeProxy(ProxyContract):
    lacks = {"proxy.asks-every-endpoint": "it asks the first endpoint that accepts"}  # noqa: RUF012

    @pytest.fixture
    def new_bench(self) -> Iterator[NewBench]:
        benches: list[FakeBench] = []

        def new() -> FakeBench:
            benches.append(FakeBench())
            return benches[-1]

        yield new
        for bench in benches:
            bench.proxy.stop()

    def test_remembers_every_configuration(self, new_backend: NewBackend) -> None:
        proxy = FakeBench().proxy
        one = route("one", new_backend("one").endpoint)
        proxy.apply([one], changed="one")
        proxy.apply([])
        proxy.stop()
        assert proxy.applied == [(one,), ()]
        assert proxy.changed == ["one", ""]

    def test_answers_502_when_no_container_does(self) -> None:
        bench = FakeBench()
        dead, held = client.blackhole()
        for connection in held:
            connection.close()
        bench.proxy.apply([route("one", dead)])
        assert client.get(bench.port, "one.test").status == 502
        bench.proxy.stop()
