from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dokkupy.testing.engine_fake import FakeEngine
from dokkupy_stack.apt_settings import AptSource
from dokkupy_stack.bootstrap import REVISION
from dokkupy_stack.provider import Provider
from dokkupy_stack.settings import MachineSettings

SOURCE = AptSource(
    uris=("http://mirror.example/debian",), suites=("bookworm",), components=("main",)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A provider on an engine in memory, with a root file system in its cache."""

    engine: FakeEngine
    cache: Path
    lines: list[str] = field(default_factory=list)

    def provider(self, **changes: object) -> Provider:
        known: dict[str, object] = {"codename": "bookworm", "sources": (SOURCE,)}
        settings = MachineSettings(**{**known, **changes})  # type: ignore[arg-type]
        return Provider(
            engine=self.engine, settings=settings, cache=self.cache, on_line=self.lines.append
        )

    def names(self) -> set[str]:
        """Return the names of every image that is a stack's or stands on one."""
        return {tag for image in self.engine.images({}) for tag in image.tags if "test/" not in tag}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    cache = tmp_path / "cache"
    cache.mkdir()
    with tarfile.open(cache / f"debian-bookworm-{REVISION}.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("etc/os-release"), io.BytesIO())
    engine = FakeEngine()
    yield Bench(engine=engine, cache=cache)
    engine.close()
