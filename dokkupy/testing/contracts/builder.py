"""The contract of a builder: detects without a trace, builds with labels, leaks nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dokkupy.builder import BuildRequest, Limits
from dokkupy.errors import BuildFailed
from dokkupy.names import AppName
from dokkupy.testing.capability import Contract
from dokkupy.types import Environment, EnvLayer, Rank, Source

if TYPE_CHECKING:
    from dokkupy.builder import Builder
    from dokkupy.engine import Engine

LABELS = {"dokkupy.root": "contract", "dokkupy.app": "contract-app"}
SECRET = "contract-secret-5f1c9e"  # noqa: S105 - what must not be found anywhere
PUBLIC = "contract-public-77ab02"
OUTSIDE = "contract-outside-e3d2f4"


class BuilderContract(Contract):
    """Subclass it with the fixtures `builder` and `engine`, and the four sources.

    Each of the methods fills an empty folder. Nothing in them may need the network.
    """

    suite = "builder"

    @pytest.fixture
    def builder(self) -> Builder:
        """Give the builder under test."""
        raise NotImplementedError

    @pytest.fixture
    def engine(self) -> Engine:
        """Give an engine that has the base image of the sources."""
        raise NotImplementedError

    def matching(self, tree: Path) -> None:
        """Write a source that the builder agrees to and can build."""
        raise NotImplementedError

    def foreign(self, tree: Path) -> None:
        """Write a source that is for another builder."""
        raise NotImplementedError

    def failing(self, tree: Path, output: str) -> None:
        """Write a source that the builder agrees to, whose build prints `output` and fails."""
        raise NotImplementedError

    def escaping(self, tree: Path, outside: Path) -> None:
        """Write a source in which what the builder reads is a link to the file `outside`."""
        raise NotImplementedError

    @pytest.fixture
    def tree(self, tmp_path: Path) -> Path:
        """Give an empty folder for a source."""
        folder = tmp_path / "tree"
        folder.mkdir()
        return folder

    @pytest.fixture
    def lines(self) -> list[str]:
        """Collect the output of the builds of one test."""
        return []

    @pytest.fixture
    def request_for(self, engine: Engine, lines: list[str], tree: Path) -> BuildRequest:
        """Give a request to build `tree` with a public and a secret variable."""
        layers = (
            EnvLayer(
                rank=Rank.APP,
                origin="config",
                values=Environment(CONTRACT_SECRET=SECRET),
            ),
            EnvLayer(
                rank=Rank.BUILD,
                origin="contract",
                values=Environment(CONTRACT_PUBLIC=PUBLIC),
                public=True,
            ),
        )
        return BuildRequest(
            source=source(tree),
            env=Environment(CONTRACT_SECRET=SECRET, CONTRACT_PUBLIC=PUBLIC),
            layers=layers,
            properties={},
            labels=LABELS,
            limits=Limits(memory=512 * 1024**2),
            engine=engine,
            on_line=lines.append,
            provide_image=lambda _: False,
            secrets={"CONTRACT_SECRET": SECRET},
        )

    def test_has_a_name_and_says_what_it_looks_for(self, builder: Builder) -> None:
        assert builder.name
        assert builder.looks_for

    def test_agrees_to_its_own_source(self, builder: Builder, tree: Path) -> None:
        self.matching(tree)
        assert builder.detect(source(tree), {}) is True

    def test_leaves_a_foreign_source_to_others(self, builder: Builder, tree: Path) -> None:
        self.foreign(tree)
        assert builder.detect(source(tree), {}) is False

    def test_leaves_an_empty_source_to_others(self, builder: Builder, tree: Path) -> None:
        assert builder.detect(source(tree), {}) is False

    def test_detecting_changes_nothing(self, builder: Builder, tree: Path) -> None:
        self.matching(tree)
        before = contents(tree)
        builder.detect(source(tree), {})
        assert contents(tree) == before

    def test_detecting_does_not_depend_on_the_size_of_the_source(
        self, builder: Builder, tree: Path
    ) -> None:
        self.matching(tree)
        (tree / "many").mkdir()
        for number in range(2000):
            (tree / "many" / str(number)).touch()
        began = time.process_time()
        for _ in range(20):
            builder.detect(source(tree), {})
        assert time.process_time() - began < 0.5

    def test_built_image_carries_the_labels(
        self, builder: Builder, tree: Path, request_for: BuildRequest, engine: Engine
    ) -> None:
        self.matching(tree)
        build = builder.build(request_for)
        assert (build.app, build.builder) == ("contract-app", builder.name)
        image = engine.image(build.image)
        assert image.id == build.image
        assert LABELS.items() <= image.labels.items()

    def test_building_leaves_the_source_as_it_is(
        self, builder: Builder, tree: Path, request_for: BuildRequest
    ) -> None:
        self.matching(tree)
        before = contents(tree)
        builder.build(request_for)
        assert contents(tree) == before

    def test_environment_of_the_build_is_not_in_the_image(
        self,
        builder: Builder,
        tree: Path,
        request_for: BuildRequest,
        engine: Engine,
        lines: list[str],
    ) -> None:
        self.matching(tree)
        build = builder.build(request_for)
        keys = engine.image(build.image).env_keys
        assert not {"CONTRACT_SECRET", "CONTRACT_PUBLIC"} & set(keys)
        assert SECRET not in "\n".join(lines)
        assert SECRET not in repr(build)

    def test_failed_build_has_shown_its_output(
        self, builder: Builder, tree: Path, request_for: BuildRequest, lines: list[str]
    ) -> None:
        self.failing(tree, "contract: no such header")
        with pytest.raises(BuildFailed) as caught:
            builder.build(request_for)
        assert any("contract: no such header" in line for line in lines)
        assert caught.value.hint
        assert SECRET not in f"{caught.value.message}{caught.value.hint}{caught.value.detail}"

    def test_link_out_of_the_source_is_never_read(
        self,
        builder: Builder,
        tree: Path,
        request_for: BuildRequest,
        lines: list[str],
        tmp_path: Path,
    ) -> None:
        outside = tmp_path / "outside"
        outside.write_text(f"{OUTSIDE}\n")
        self.escaping(tree, outside)
        builder.detect(source(tree), {})
        with pytest.raises(BuildFailed) as caught:
            builder.build(request_for)
        told = "\n".join([*lines, caught.value.message, caught.value.hint, caught.value.detail])
        assert OUTSIDE not in told


def source(tree: Path) -> Source:
    """Return `tree` as the source of the app `contract-app`."""
    return Source(app=AppName("contract-app"), path=tree, revision="0" * 40, origin="a test")


def contents(tree: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return path -> mode, time of change and content of everything below `tree`."""
    found: dict[str, tuple[int, int, bytes]] = {}
    for folder, _, files in os.walk(tree):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            status = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found[str(path.relative_to(tree))] = (status.st_mode, status.st_mtime_ns, content)
    return found
