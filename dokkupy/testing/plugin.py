"""The pytest plugin that gives tests their fixtures.

Nothing is imported at the top but pytest: every test session of every project that has dokkupy
installed loads this module.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from dokkupy.engine import Engine
    from dokkupy.engine_docker import DockerEngine
    from dokkupy.platform import Platform
    from dokkupy.testing.cli import Cli
    from dokkupy.testing.engine_fake import FakeEngine
    from dokkupy.testing.proxy_fake import FakeProxy

TEST_IMAGE = "DOKKUPY_TEST_IMAGE"
"""Names the image, with sh and perl, that real containers of tests are made of."""
DEFAULT_TEST_IMAGE = "dokkupy/base:1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give the folder of a root that has been initialised and is served nowhere yet."""
    import secrets

    from dokkupy.paths import Paths
    from dokkupy.store import Store

    paths = Paths(tmp_path / "root")
    paths.make()
    Store.create(paths.state_db)
    store = Store(paths.state_db, actor="test")
    meta = {
        "root_id": secrets.token_hex(4),
        "domain": "example.test",
        "http_port": str(_free_port()),
        "https_port": str(_free_port()),
    }
    for key, value in meta.items():
        store.meta.set(key, value)
    store.close()
    return paths.root


@pytest.fixture
def plugins() -> Sequence[str]:
    """Give the installed plugins that take part; override it to choose some."""
    return ()


@pytest.fixture
def fake_engine() -> Iterator[FakeEngine]:
    """Give a container engine in memory."""
    from dokkupy.testing.engine_fake import FakeEngine

    engine = FakeEngine()
    yield engine
    engine.close()


@pytest.fixture
def fake_proxy() -> Iterator[FakeProxy]:
    """Give a proxy in this process, on a free port of 127.0.0.1."""
    from dokkupy.testing.proxy_fake import FakeProxy

    proxy = FakeProxy(_free_port())
    yield proxy
    proxy.stop()


@pytest.fixture
def platform(
    root: Path, plugins: Sequence[str], fake_engine: FakeEngine, fake_proxy: FakeProxy
) -> Iterator[Platform]:
    """Give a root on the fakes, on which a whole deploy takes milliseconds.

    Containers listen on loopback addresses; a Dockerfile is built; APP.example.test is served.
    """
    from dokkupy.testing.loopback import loopback_subnets

    with _platform(root, plugins, fake_engine, fake_proxy) as platform:
        platform.store.meta.set("subnet", next(loopback_subnets()))
        yield platform


@pytest.fixture
def docker_platform(
    root: Path, plugins: Sequence[str], docker: DockerEngine, fake_proxy: FakeProxy
) -> Iterator[Platform]:
    """Give a root on the real engine; everything that carries its label is removed afterwards."""
    with _platform(root, plugins, docker, fake_proxy) as platform:
        try:
            yield platform
        finally:
            _remove_all(docker, platform.root_id)


@pytest.fixture
def cli(root: Path, plugins: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Give the command line of the root, run within this process, with `plugins` alone."""
    from dokkupy.testing.cli import Cli

    monkeypatch.setenv("DOKKUPY_PLUGINS", ",".join(plugins))
    return Cli(root)


@pytest.fixture(scope="session")
def docker() -> DockerEngine:
    """Give the real engine of this host; a test that asks for it fails where none answers."""
    from dokkupy.engine_docker import DockerEngine

    engine = DockerEngine()
    engine.ping()
    return engine


@pytest.fixture(scope="session")
def test_image(docker: DockerEngine) -> str:
    """Give the name of the image that real containers are made of, or fail."""
    from dokkupy.errors import ImageNotFound

    name = os.environ.get(TEST_IMAGE, DEFAULT_TEST_IMAGE)
    try:
        docker.image(name)
    except ImageNotFound:
        pytest.fail(
            f"The engine has no image {name} to test with: run ./test, which makes it, or set "
            f"{TEST_IMAGE} to one that has sh and perl."
        )
    return name


@contextmanager
def _platform(
    root: Path, plugins: Sequence[str], engine: Engine, proxy: FakeProxy
) -> Iterator[Platform]:
    from dokkupy.platform import Platform
    from dokkupy.testing import stand_in

    platform = Platform(root, actor="test", engine=engine, proxy=proxy, plugins=list(plugins))
    if not plugins:
        platform.hooks.add("stand-in", stand_in)
    platform.store.meta.set("http_port", str(proxy.status().http_port))
    for key, seconds in {"probation": "0.05", "drain": "2", "grace": "1"}.items():
        platform.properties.set("checks", "", key, seconds)
    yield platform
    platform.close()


def _remove_all(engine: Engine, root_id: str) -> None:
    labels = {"dokkupy.root": root_id}
    for container in engine.containers(labels):
        engine.remove(container.id)
    for image in engine.images(labels):
        for reference in image.tags or (image.id,):
            engine.remove_image(reference)
    for network in engine.networks(labels):
        engine.remove_network(network)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
