from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dokkupy import hookimpl
from dokkupy.names import AppName, HostName
from dokkupy.platform import Platform
from dokkupy.testing.proxy_fake import FakeProxy

APP = AppName("blog")


@pytest.fixture
def platform(root: Path, fake_proxy: FakeProxy) -> Iterator[Platform]:
    """Give a root with the app `blog` under three hosts and `*.wild.test`."""
    platform = Platform(root, proxy=fake_proxy, plugins=["redirects"])

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
