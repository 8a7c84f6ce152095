from __future__ import annotations

from collections.abc import Iterator

import pytest

from dokkupy.engine import Engine
from dokkupy.errors import ImageNotFound
from dokkupy.testing.contracts.builder import LABELS
from dokkupy_buildpacks.container import volume_of


@pytest.fixture(scope="session")
def docker() -> Engine:
    """Give the engine of this machine, with the stack that buildpacks build on."""
    from dokkupy.engine_docker import DockerEngine

    engine = DockerEngine()
    engine.ping()
    try:
        engine.image("dokkupy/build:latest")
    except ImageNotFound:
        pytest.skip("needs the stack of buildpacks: dokkupy stack ensure build")
    return engine


@pytest.fixture
def clean(docker: Engine) -> Iterator[Engine]:
    """Give the same, without what an earlier test has left, and remove what this one leaves."""
    sweep(docker)
    yield docker
    sweep(docker)


def sweep(engine: Engine) -> None:
    for container in engine.containers(LABELS):
        engine.remove(container.id)
    for image in engine.images(LABELS):
        for name in image.tags or (image.id,):
            engine.remove_image(name)
    engine.remove_volume(volume_of(LABELS))
