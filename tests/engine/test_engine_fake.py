from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from dokkupy.testing.engine_fake import BASE, FakeEngine
from dokkupy.testing.loopback import loopback_subnets
from dokkupy.testing.suites import EngineContract


class TestFakeEngine(EngineContract):
    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Iterator[FakeEngine]:
        engine = FakeEngine()
        yield engine
        engine.close()

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return BASE

    @pytest.fixture(scope="class")
    @classmethod
    def subnets(cls) -> Iterable[str]:
        return loopback_subnets()
