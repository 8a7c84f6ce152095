from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dokkupy import hookimpl
from dokkupy.names import AppName, HostName
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
    """Give a root with the app `blog` under three hosts and `*.wild.test`."""
    platform = Platform(tmp_path / "root", proxy=proxy, plugins=["redirects"])
    platform.paths.make()
    Store.create(platform.paths.state_db)

    @hookimpl
    def vhosts(app: AppName) -> list[HostName]:
        names = ("{}.test", "www.{}.test", "old.{}.test", "*.{}.wild.test")
        return [HostName(name.format(app)) for name in names]

    companion = ModuleType("companion")
    companion.__dict__.update(vhosts=vhosts)
    platform.hooks.add("companion", companion)
    platform.store.apps.create(APP)
    yield platform
    platform.close()
