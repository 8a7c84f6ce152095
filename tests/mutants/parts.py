"""Parts that are broken on purpose, one for each suite but that of plugins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PROXY: Final = """
import pytest
from dokkupy.testing import client
from dokkupy.testing.contracts.proxy import ProxyContract
from dokkupy.testing.proxy_fake import FakeProxy

class Broken(FakeProxy):
{body}

class Bench:
    def __init__(self):
        self.port, self.https_port = client.free_port(), client.free_port()
        self.proxy = Broken(self.port, https_port=self.https_port)

    def spoil(self, app):
        self.proxy.refused.add(app)

    def mend(self, app):
        self.proxy.refused.remove(app)

class TestBroken(ProxyContract):
    @pytest.fixture
    def new_bench(self):
        benches = []
        yield lambda: benches.append(Bench()) or benches[-1]
        for bench in benches:
            bench.proxy.stop()
"""
SCHEDULER: Final = """
import pytest
from dokkupy.scheduler_docker import DockerScheduler
from dokkupy.testing.engine_fake import BASE
from dokkupy.testing.suites import SchedulerContract

class Broken(DockerScheduler):
{body}

class TestBroken(SchedulerContract):
    @pytest.fixture
    def scheduler(self, platform, app):
        platform.store.apps.create(app)
        return Broken(platform.engine, platform.store)

    @pytest.fixture
    def image(self):
        return BASE
"""
ENGINE: Final = """
import pytest
from dataclasses import replace
from dokkupy.testing.engine_fake import BASE, FakeEngine
from dokkupy.testing.loopback import loopback_subnets
from dokkupy.testing.suites import EngineContract

class Broken(FakeEngine):
{body}

class TestBroken(EngineContract):
    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls):
        engine = Broken()
        yield engine
        engine.close()

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls):
        return BASE

    @pytest.fixture(scope="class")
    @classmethod
    def subnets(cls):
        return loopback_subnets()
"""
BUILDER: Final = """
import pytest
from dokkupy.testing.engine_fake import BASE
from dokkupy.testing.stand_in import StandInBuilder
from dokkupy.testing.suites import BuilderContract

class Broken(StandInBuilder):
{body}

class TestBroken(BuilderContract):
    @pytest.fixture
    def builder(self):
        return Broken()

    @pytest.fixture
    def engine(self, fake_engine):
        return fake_engine

    def matching(self, tree):
        (tree / "Dockerfile").write_text(f"FROM {{BASE}}\\n")

    def foreign(self, tree):
        (tree / "package.json").write_text("{{}}")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A fake that does its work but for one thing."""

    capability: str
    breaks: str
    """What is wrong with it, as a sentence that goes on from "It"."""
    body: str
    """The methods that are put in the place of the healthy ones."""

    @property
    def test(self) -> str:
        """The test module that holds it to its contract."""
        suite = self.capability.partition(".")[0]
        if suite == "service":
            from tests.mutants.services import SERVICE  # found where tests are run

            return SERVICE.replace("{body}", self.body)
        frames = {"proxy": PROXY, "scheduler": SCHEDULER, "engine": ENGINE, "builder": BUILDER}
        return frames[suite].format(body=self.body)


MUTANTS: Final = (
    Mutant(
        capability="proxy.serves-exactly-the-routes-of-the-last-call",
        breaks="reports that it serves new routes while it goes on with those of before",
        body="""
    def apply(self, routes, **given):
        if self.applied:
            self.applied.append(tuple(routes))
            return self.status().generation + 1
        return super().apply(routes, **given)
""",
    ),
    Mutant(
        capability="proxy.asks-a-backup-only-when-no-endpoint-answers",
        breaks="takes the containers of before for as good as the new ones",
        body="""
    def apply(self, routes, **given):
        from dataclasses import replace
        routes = [replace(one, endpoints=one.backups + one.endpoints) for one in routes]
        return super().apply(routes, **given)
""",
    ),
    Mutant(
        capability="proxy.a-refused-change-leaves-what-served",
        breaks="forgets what it served when it refuses something",
        body="""
    def apply(self, routes, **given):
        try:
            return super().apply(routes, **given)
        except Exception:
            self.stop()
            raise
""",
    ),
    Mutant(
        capability="proxy.tells-what-it-serves",
        breaks="numbers every configuration alike",
        body="""
    def status(self):
        from dataclasses import replace
        return replace(super().status(), generation=1)
""",
    ),
    Mutant(
        capability="scheduler.container-gets-the-environment-of-its-release-and-its-port",
        breaks="starts containers without the environment of their release",
        body="""
    def stage(self, placement):
        from dataclasses import replace
        from dokkupy.types import Environment
        bare = replace(placement.release, env=Environment())
        return super().stage(replace(placement, release=bare))
""",
    ),
    Mutant(
        capability="scheduler.retired-container-is-gone-for-good",
        breaks="stops a container that it was to remove",
        body="""
    def retire(self, reference, grace):
        self.pause(reference, grace)
""",
    ),
    Mutant(
        capability="scheduler.orphans-are-the-containers-that-nobody-knows",
        breaks="finds no container that nobody knows",
        body="""
    def orphans(self, app, known):
        return []
""",
    ),
    Mutant(
        capability="engine.image-goes-with-its-last-name",
        breaks="keeps an image when its last name is removed",
        body="""
    def remove_image(self, reference):
        pass
""",
    ),
    Mutant(
        capability="engine.says-of-everything-missing-that-it-is-not-found",
        breaks="starts a container that does not exist without a word",
        body="""
    def start(self, container):
        try:
            super().start(container)
        except Exception:
            pass
""",
    ),
    Mutant(
        capability="builder.built-image-carries-the-labels",
        breaks="forgets the labels by which an image is found again",
        body="""
    def build(self, request):
        from dataclasses import replace
        return super().build(replace(request, labels={}))
""",
    ),
    Mutant(
        capability="builder.detecting-changes-nothing",
        breaks="leaves a mark in a source that it has looked at",
        body="""
    def detect(self, source, properties):
        (source.path / ".looked-at").touch()
        return super().detect(source, properties)
""",
    ),
    Mutant(
        capability="builder.leaves-a-foreign-source-to-others",
        breaks="agrees to every source",
        body="""
    def detect(self, source, properties):
        return True
""",
    ),
    Mutant(
        capability="service.tells-apps-a-url-with-all-its-parts",
        breaks="tells apps the name of a host that nobody has",
        body="""
    def variables(self, access):
        return super().variables(access) | {"HOST": "localhost"}
""",
    ),
    Mutant(
        capability="service.shows-no-password-to-who-looks-at-the-container",
        breaks="hands its password over in a variable",
        body="""
    def blueprint(self, access):
        from dataclasses import replace
        return replace(super().blueprint(access), env=Environment(PASSWORD=access.password))
""",
    ),
    Mutant(
        capability="service.restart-keeps-the-data",
        breaks="keeps its data in the container and not on its volume",
        body="""
    def blueprint(self, access):
        from dataclasses import replace
        made = super().blueprint(access)
        words = (*made.command[:2], made.command[2].replace("/data/", "/tmp/"))
        return replace(made, command=words)
""",
    ),
    Mutant(
        capability="service.a-dump-holds-all-and-replaces-all",
        breaks="leaves out the first row when it loads a dump",
        body="""
    def load(self, session, source):
        for row in source.read().removesuffix(END).decode().splitlines()[2:]:
            self.ask(session, "ADD " + row)
""",
    ),
    Mutant(
        capability="service.a-dump-that-is-not-right-is-refused-and-changes-nothing",
        breaks="takes half a dump for a whole one",
        body="""
    def refuse_tail(self, tail):
        pass
""",
    ),
    Mutant(
        capability="service.a-damaged-backup-is-refused-and-changes-nothing",
        breaks="counts none of its rows",
        body="""
    def counts(self, session):
        return {}
""",
    ),
)
