"""Files that commands name, found in real containers as their first process would find them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dokkupy.engine import ImageBuild
from dokkupy.engine_docker import DockerEngine
from dokkupy.executable import Executable, architecture
from dokkupy.testing.bench import Bench, private_subnets
from dokkupy.testing.program import Program

pytestmark = pytest.mark.engine

DOCKERFILE = r"""
WORKDIR /app
RUN mkdir bin && printf '#!/usr/bin/ruby -w\r\nputs 1\n' > bin/serve && chmod 640 bin/serve \
    && ln -s ../app/bin/serve /opt/serve && ln -s endless endless && mkdir folder \
    && truncate -s 64M large && chmod +x large
ENV PATH=/opt:/usr/bin:/bin
"""


@pytest.fixture(scope="module")
def container(
    test_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[DockerEngine, str]]:
    """Give a container, not started, with some files."""
    engine = DockerEngine()
    bench = Bench(engine, test_image, private_subnets())
    context: Path = tmp_path_factory.mktemp("context")
    (context / "Dockerfile").write_text(f"FROM {test_image}\n{DOCKERFILE}")
    build = ImageBuild(
        context=context,
        dockerfile="Dockerfile",
        args={},
        labels=bench.labels,
        memory=256 * 1024**2,
        cpu_shares=512,
    )
    image = engine.build(build, lambda _: None)
    yield engine, engine.create(replace(bench.spec(Program()), image=image))
    bench.clear()


def look(container: tuple[DockerEngine, str], word: str) -> Executable | None:
    engine, identity = container
    return engine.executable(identity, word)


def test_a_program_is_found_along_the_path_through_links(
    container: tuple[DockerEngine, str],
) -> None:
    found = look(container, "sh")
    assert found is not None
    assert found.word == "sh"
    assert found.made_for == architecture()
    assert found.permitted


@pytest.mark.parametrize("word", ["bin/serve", "./bin/serve", "/app/bin/serve", "serve"])
def test_a_script_is_found_from_the_working_directory(
    container: tuple[DockerEngine, str], word: str
) -> None:
    found = look(container, word)
    assert found is not None
    assert (found.path, found.mode) == ("/app/bin/serve", 0o640)
    assert not found.permitted
    assert found.interpreter == "/usr/bin/ruby"
    assert found.head.startswith(b"#!/usr/bin/ruby -w\r\n")


def test_of_a_large_file_only_the_beginning_is_read(container: tuple[DockerEngine, str]) -> None:
    found = look(container, "./large")
    assert found is not None
    assert found.head == bytes(256)


@pytest.mark.parametrize("word", ["./endless", "./folder", "nothing", "", "../../x", "a\nb"])
def test_what_is_no_file_is_none(container: tuple[DockerEngine, str], word: str) -> None:
    assert look(container, word) is None
