from __future__ import annotations

import pytest

from dokkupy.engine import Engine
from dokkupy.errors import ImageNotFound

BASES = ("dokkupy/base:1", "dokkupy-dev/base:bookworm")


@pytest.fixture(scope="session")
def docker() -> Engine:
    from dokkupy.engine_docker import DockerEngine

    engine = DockerEngine()
    engine.ping()
    return engine


@pytest.fixture(scope="session")
def base(docker: Engine) -> str:
    """Give the name of an image with a shell that the engine has."""
    for reference in BASES:
        try:
            docker.image(reference)
        except ImageNotFound:
            continue
        return reference
    pytest.fail(f"the engine has none of {', '.join(BASES)}; make one: dokkupy stack ensure base")
