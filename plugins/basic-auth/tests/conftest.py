from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.store import Store
from dokkupy.testing.proxy_fake import FakeProxy

APP = AppName("blog")


@pytest.fixture
def proxy() -> Iterator[FakeProxy]:
    proxy = FakeProxy(0)
    yield proxy
    proxy.stop()


@pytest.fixture
def platform(tmp_path: Path, proxy: FakeProxy) -> Iterator[Platform]:
    """Give a root with the app `blog`."""
    platform = Platform(tmp_path / "root", proxy=proxy, plugins=["basic-auth"])
    platform.paths.make()
    Store.create(platform.paths.state_db)
    platform.store.apps.create(APP)
    yield platform
    platform.close()
