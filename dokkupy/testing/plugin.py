"""The pytest plugin that gives tests their fixtures.

Nothing is imported at the top but pytest: every test session of every project that has dokkupy
installed loads this module.
"""

from __future__ import annotations

import os
import sys
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


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the contract suites can be asked."""
    group = parser.getgroup("dokkupy", "contracts of dokkupy")
    group.addoption(
        "--dokkupy-capabilities",
        metavar="FILE",
        default="",
        help="add a line of JSON to FILE for every capability that a contract suite tried",
    )
    group.addoption(
        "--dokkupy-plugin",
        metavar="NAME",
        default="",
        help="the installed plugin that dokkupy.testing.installed holds to its contract",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Write capabilities to the file that was asked for."""
    file = config.getoption("dokkupy_capabilities")
    if file and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Capabilities(str(file)), "dokkupy-capabilities")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let the tests of contract suites carry their capabilities."""
    # Where no contract was imported there is none among the tests.
    capability = sys.modules.get("dokkupy.testing.capability")
    if capability is not None:
        capability.mark(item)


class _Capabilities:
    """Writes what reports say of capabilities as they come, from other processes too."""

    def __init__(self, file: str) -> None:
        self.file = file

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        from pathlib import Path

        from dokkupy.testing import capability

        told = capability.told(report)
        if told is not None:
            capability.write(Path(self.file), told)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give the folder of a root that has been initialised and is served nowhere yet."""
    return initialised(tmp_path / "root")


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
    with platform_of_fakes(root, plugins, fake_engine, fake_proxy) as platform:
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
def cli(
    request: pytest.FixtureRequest, plugins: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> Cli:
    """Give the command line, run within this process on `platform`, with `plugins` alone.

    A test that asks for `docker_platform` gets the command line of that one.
    """
    from dokkupy.testing.cli import Cli

    monkeypatch.setenv("DOKKUPY_PLUGINS", ",".join(plugins))
    real = "docker_platform" in request.fixturenames
    return Cli(request.getfixturevalue("docker_platform" if real else "platform"))


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


def initialised(root: Path) -> Path:
    """Make a root like `dokkupy init` does, with ports of its own, and return its folder."""
    import secrets

    from dokkupy.paths import Paths
    from dokkupy.store import Store

    paths = Paths(root)
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


@contextmanager
def platform_of_fakes(
    root: Path, plugins: Sequence[str], engine: FakeEngine, proxy: FakeProxy
) -> Iterator[Platform]:
    """Give a root on the fakes, its containers on loopback addresses."""
    from dokkupy.testing.loopback import loopback_subnets

    with _platform(root, plugins, engine, proxy) as platform:
        platform.store.meta.set("subnet", next(loopback_subnets()))
        yield platform


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
