from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy.platform import Platform
from dokkupy.testing.proxy_fake import FakeProxy


@pytest.fixture
def platform(root: Path, fake_proxy: FakeProxy) -> Iterator[Platform]:
    platform = Platform(root, proxy=fake_proxy, plugins=["domains"])
    platform.store.meta.set("domain", "apps.test")
    yield platform
    platform.close()
