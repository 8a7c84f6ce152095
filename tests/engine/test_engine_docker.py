from __future__ import annotations

import pytest

from dokkupy.engine_docker import DockerEngine
from dokkupy.testing.suites import EngineContract


@pytest.mark.engine
class TestDockerEngine(EngineContract):
    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> DockerEngine:
        return DockerEngine()

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls, test_image: str) -> str:
        return test_image
