from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy.names import AppName
from dokkupy.platform import Platform
from dokkupy.testing.proxy_fake import FakeProxy

APP = AppName("blog")


@pytest.fixture
def platform(root: Path, fake_proxy: FakeProxy) -> Iterator[Platform]:
    """Give a root with the app `blog`."""
    platform = Platform(root, proxy=fake_proxy, plugins=["maintenance"])
    platform.store.apps.create(APP)
    yield platform
    platform.close()
