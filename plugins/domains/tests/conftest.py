from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from dokkupy.errors import ProxyRefused
from dokkupy.platform import Platform
from dokkupy.proxy import NoProxy
from dokkupy.store import Store
from dokkupy.types import Route


class RecordingProxy(NoProxy):
    """Remembers what it was asked to serve, and refuses hosts that it was told to."""

    def __init__(self) -> None:
        self.hosts: dict[str, list[str]] = {}
        self.applied: list[str] = []
        self.refused: set[str] = set()

    def apply(self, routes: Sequence[Route], *, changed: str = "") -> int:
        wanted = {route.app: [str(host) for host in route.hosts] for route in routes}
        for app, hosts in wanted.items():
            for host in self.refused.intersection(hosts):
                raise ProxyRefused(f"{host} is not to be served.", app=app)
        self.hosts = wanted
        self.applied.append(changed)
        return len(self.applied)


@pytest.fixture
def proxy() -> RecordingProxy:
    return RecordingProxy()


@pytest.fixture
def platform(tmp_path: Path, proxy: RecordingProxy) -> Iterator[Platform]:
    platform = Platform(tmp_path / "root", proxy=proxy, plugins=["domains"])
    platform.paths.make()
    Store.create(platform.paths.state_db)
    platform.store.meta.set("domain", "apps.test")
    yield platform
    platform.close()
