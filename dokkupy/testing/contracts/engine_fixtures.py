"""What the parts of an engine's contract share: fixtures, and words for what they start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from dokkupy.engine import Engine, ImageBuild
from dokkupy.testing.bench import Bench, private_subnets
from dokkupy.testing.capability import Contract
from dokkupy.testing.program import Program

MISSING = "no-such-thing-7d3f"
FOREVER = Program()
EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside a container
HARD_VALUES = {
    "SPACES": " a  b ",
    "QUOTES": "'\"`",
    "LINES": "one\ntwo\n",
    "DOLLAR": "$HOME ${HOME} $$ \\$",
    "EQUALS": "a=b=c",
    "EMOJI": "🚢 ünïcode",
    "EMPTY": "",
    "LONG": "x" * 65536,
}


class EngineFixtures(Contract):
    """Asks for the fixtures `engine` and `image`, both of class scope."""

    suite = "engine"

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Engine:
        """Give the engine under test."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        """Give the name of an image on it that can run a `Program`."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def subnets(cls) -> Iterable[str]:
        """Give subnets to choose from, such that the host reaches containers on them."""
        return private_subnets()

    @pytest.fixture(scope="class")
    @classmethod
    def bench(cls, engine: Engine, image: str, subnets: Iterable[str]) -> Iterator[Bench]:
        """Give a place for the containers of these tests."""
        bench = Bench(engine, image, subnets)
        yield bench
        bench.clear()

    @pytest.fixture
    def context(self, tmp_path: Path) -> Path:
        """Give an empty folder for a build."""
        folder = tmp_path / "context"
        folder.mkdir()
        return folder


def wait_until_up(engine: Engine, container: str) -> None:
    """Wait for the line `up`: from then on a program handles its signals."""
    assert next(engine.logs(container, follow=True)) == b"up"


def image_build(bench: Bench, context: Path) -> ImageBuild:
    """Return the build of the Dockerfile at the top of a folder."""
    return ImageBuild(
        context=context,
        dockerfile="Dockerfile",
        args={},
        labels=bench.labels,
        memory=256 * 1024**2,
        cpu_shares=512,
    )


def unheard(_: str) -> None:
    """Take a line of a build's output and forget it."""
