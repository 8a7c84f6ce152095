from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy import network
from dokkupy.engine import NetworkSpec
from dokkupy.errors import Conflict
from dokkupy.store import Store
from dokkupy.testing.engine_fake import FakeEngine


@pytest.fixture
def store(root: Path) -> Iterator[Store]:
    store = Store(root / "state.db", actor="test")
    yield store
    store.close()


class LateEngine(FakeEngine):
    """An engine on which somebody takes the first free subnet between the look and the leap."""

    def ensure_network(self, spec: NetworkSpec) -> None:
        if not self.networks({"of": "another"}):
            other = NetworkSpec(
                name="another", subnet=spec.subnet, gateway=spec.gateway, labels={"of": "another"}
            )
            super().ensure_network(other)
        super().ensure_network(spec)


def test_subnet_lost_to_another_root_is_replaced_by_the_next(store: Store) -> None:
    engine = LateEngine()
    spec = network.ensure(engine, store)
    assert set(engine.subnets()) > {spec.subnet}
    assert store.meta.get("subnet") == spec.subnet
    assert network.ensure(engine, store) == spec


def test_subnet_given_for_the_root_is_never_replaced(store: Store) -> None:
    store.meta.set("subnet", "10.9.8.0/24")
    with pytest.raises(Conflict):
        network.ensure(LateEngine(), store)
    assert store.meta.get("subnet") == "10.9.8.0/24"
