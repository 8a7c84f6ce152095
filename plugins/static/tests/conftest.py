from __future__ import annotations

import pytest

from dokkupy.engine import Engine


@pytest.fixture(scope="session")
def docker() -> Engine:
    from dokkupy.engine_docker import DockerEngine

    engine = DockerEngine()
    engine.ping()
    return engine
