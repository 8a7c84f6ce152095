"""What the parts of the contract of services share: a root, a running service, words for data."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from dokkupy.engine import Engine
from dokkupy.engine_docker import DockerEngine
from dokkupy.errors import DokkupyError
from dokkupy.platform import Platform
from dokkupy.proxy import NoProxy
from dokkupy.report import Report
from dokkupy.services import containers, images, life, moving
from dokkupy.services import service as services
from dokkupy.services.kind import ServiceKind
from dokkupy.services.name import ServiceName
from dokkupy.services.service import Service
from dokkupy.services.session import Session
from dokkupy.store import Store
from dokkupy.testing.capability import Contract
from dokkupy.types import Line

NAME = ServiceName("contract")


def unheard(_: Line) -> None:
    """Take a line and forget it."""


REPORT = Report(unheard)


class ServiceFixtures(Contract):
    """Runs on the real engine; the tests of a class share one service."""

    kind: ClassVar[ServiceKind]
    """The kind of service under test."""

    def write(self, session: Session, word: str) -> None:
        """Keep one more word, through the server's own client."""
        raise NotImplementedError

    def read(self, session: Session) -> list[str]:
        """Return the words that were kept, in order."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Engine:
        """Give the real engine."""
        return DockerEngine()

    @pytest.fixture(scope="class")
    @classmethod
    def platform(
        cls, engine: Engine, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Platform]:
        """Give a root of its own; everything of it is removed from the engine afterwards."""
        platform = Platform(
            tmp_path_factory.mktemp("services") / "root", engine=engine, proxy=NoProxy()
        )
        platform.paths.make()
        Store.create(platform.paths.state_db)
        platform.store.meta.set("root_id", f"test{id(platform) % 16**8:08x}")
        yield platform
        labels = {"dokkupy.root": platform.root_id}
        for container in engine.containers(labels):
            engine.remove(container.id)
        for volume in engine.volumes(labels):
            engine.remove_volume(volume)
        for network in engine.networks(labels):
            engine.remove_network(network)
        for service in services.every(platform):
            images.let_go(platform, service)
        for image in engine.images(labels):
            engine.remove_image(image.id)
        platform.close()

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, platform: Platform) -> Service:
        """Give a service as it was made."""
        return life.create(platform, REPORT, cls.kind, NAME)

    @pytest.fixture
    def service(self, platform: Platform, made: Service) -> Service:
        """Give the service as it is now, running."""
        now = services.find(platform, made.noun, made.name)
        if containers.state(platform, now) != "running":
            return life.start(platform, REPORT, self.kind, now.name)
        return now

    def session(self, platform: Platform) -> Session:
        """Return a session with the service as it is now."""
        return containers.running(platform, services.find(platform, self.kind.noun, NAME))

    def dumped(self, platform: Platform) -> bytes:
        """Return a dump of the service as it is now."""
        found = bytearray()
        now = services.find(platform, self.kind.noun, NAME)
        moving.pour_out(platform, self.kind, now, found.extend)
        return bytes(found)

    @property
    def readme(self) -> str:
        """The README beside the tests."""
        return (Path(inspect.getfile(type(self))).parents[1] / "README.md").read_text()


def refused(error: DokkupyError) -> bool:
    """Say whether a refusal tells what to do, or what the server said."""
    return bool(error.hint or error.detail)
