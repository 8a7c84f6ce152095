from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy.platform import Platform
from dokkupy.store import Store
from dokkupy.testing.proxy_fake import FakeProxy


@pytest.fixture
def proxy() -> Iterator[FakeProxy]:
    proxy = FakeProxy(0)
    yield proxy
    proxy.stop()


@pytest.fixture
def platform(tmp_path: Path, proxy: FakeProxy) -> Iterator[Platform]:
    platform = Platform(tmp_path / "root", proxy=proxy, plugins=["domains"])
    platform.paths.make()
    Store.create(platform.paths.state_db)
    platform.store.meta.set("domain", "apps.test")
    yield platform
    platform.close()
