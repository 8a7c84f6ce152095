"""The contract of an engine: networks."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace

import pytest

from dokkupy.engine import Engine, NetworkSpec
from dokkupy.errors import (
    Conflict,
    DokkupyError,
)
from dokkupy.testing.bench import Bench
from dokkupy.testing.contracts.engine_fixtures import (
    FOREVER,
    EngineFixtures,
)


class NetworksContract(EngineFixtures):
    """Made once, by whoever needs them first; never torn from under a container."""

    def test_network_is_made_once(self, engine: Engine, bench: Bench) -> None:
        engine.ensure_network(bench.network)
        assert engine.networks(bench.labels) == [bench.network.name]
        assert engine.subnets().count(bench.network.subnet) == 1

    def test_two_who_need_a_network_at_once_share_one(
        self, engine: Engine, bench: Bench, subnets: Iterable[str]
    ) -> None:
        spec = self._another_network(engine, bench, subnets)
        engine.remove_network(spec.name)
        problems: list[DokkupyError] = []

        def ensure() -> None:
            try:
                engine.ensure_network(spec)
            except DokkupyError as error:
                problems.append(error)

        threads = [threading.Thread(target=ensure) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        assert engine.networks({"dokkupy.test": spec.name}) == [spec.name]

    def test_network_of_another_subnet_is_a_conflict(
        self, engine: Engine, bench: Bench, subnets: Iterable[str]
    ) -> None:
        spec = self._another_network(engine, bench, subnets)
        with pytest.raises(Conflict, match=bench.network.name):
            engine.ensure_network(replace(spec, name=bench.network.name))

    def test_subnet_of_another_network_is_a_conflict(self, engine: Engine, bench: Bench) -> None:
        with pytest.raises(Conflict):
            engine.ensure_network(replace(bench.network, name=bench.name()))

    def test_network_in_use_stays(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(FOREVER)
        with pytest.raises(Conflict):
            engine.remove_network(bench.network.name)
        engine.remove(container)

    def _another_network(self, engine: Engine, bench: Bench, subnets: Iterable[str]) -> NetworkSpec:
        name = bench.name()
        labels = bench.labels | {"dokkupy.test": name}
        for subnet in subnets:
            gateway = subnet.replace(".0/24", ".1")
            spec = NetworkSpec(name=name, subnet=subnet, gateway=gateway, labels=labels)
            try:
                engine.ensure_network(spec)
            except Conflict:
                continue
            return spec
        raise AssertionError("no subnet is free")
