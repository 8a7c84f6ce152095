from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dokkupy.builder import Builder, BuildRequest
from dokkupy.engine import ContainerSpec, Engine, ImageBuild
from dokkupy.errors import BuildFailed, NotFound
from dokkupy.testing.contracts.builder import LABELS, SECRET
from dokkupy.testing.engine_fake import BASE, FakeEngine
from dokkupy.testing.suites import BuilderContract
from dokkupy.types import Environment, EnvLayer, Rank
from dokkupy_builder_dockerfile.builder import DockerfileBuilder


class Sources(BuilderContract):
    """The contract's sources as Dockerfiles on `base`."""

    base = BASE

    @pytest.fixture
    def builder(self) -> Builder:
        return DockerfileBuilder()

    def matching(self, tree: Path) -> None:
        write(tree, f'FROM {self.base}\nCOPY . /app\nRUN test -f /app/file\nCMD ["x"]\n')

    def foreign(self, tree: Path) -> None:
        (tree / "requirements.txt").write_text("flask\n")

    def failing(self, tree: Path, output: str) -> None:
        write(tree, f"FROM {self.base}\nRUN echo {output} && exit 4\n")

    def escaping(self, tree: Path, outside: Path) -> None:
        (tree / "Dockerfile").symlink_to(outside)


class TestOnFakeEngine(Sources):
    @pytest.fixture
    def engine(self) -> Iterator[Engine]:
        engine = FakeEngine()
        yield engine
        engine.close()

    def asked(self, engine: Engine) -> ImageBuild:
        assert isinstance(engine, FakeEngine)
        return engine.builds[-1]

    def test_limits_of_the_request_hold_unless_the_app_has_its_own(
        self, builder: Builder, tree: Path, request_for: BuildRequest, engine: Engine
    ) -> None:
        self.matching(tree)
        builder.build(request_for)
        assert self.asked(engine).memory == request_for.limits.memory
        assert self.asked(engine).cpu_shares == request_for.limits.cpu_shares
        builder.build(replace(request_for, properties={"build-memory": "1g"}))
        assert self.asked(engine).memory == 1024**3

    def test_an_ordinary_build_asks_for_nothing_that_lifts_its_limits(
        self, builder: Builder, tree: Path, request_for: BuildRequest, engine: Engine
    ) -> None:
        self.matching(tree)
        builder.build(request_for)
        assert not self.asked(engine).buildkit
        assert self.asked(engine).secrets == {}
        assert self.asked(engine).args == {}

    def test_a_build_without_its_memory_limit_says_so(
        self, builder: Builder, tree: Path, request_for: BuildRequest, lines: list[str]
    ) -> None:
        write(tree, f"FROM {self.base}\nRUN --mount=type=cache,target=/c true\n")
        builder.build(request_for)
        assert lines[0].startswith("CONTRACT_PUBLIC is not declared")
        assert lines[1].startswith("RUN --mount needs BuildKit, which does not hold a build")

    def test_a_base_image_that_a_stack_plugin_has_is_asked_for_before_the_build(
        self, builder: Builder, tree: Path, request_for: BuildRequest, engine: Engine
    ) -> None:
        assert isinstance(engine, FakeEngine)
        asked: list[str] = []

        def provide(reference: str) -> bool:
            asked.append(reference)
            engine.add_image(reference)
            return True

        write(tree, f"FROM {self.base} AS one\nFROM own/stack:3\nCOPY --from=one /x /x\n")
        builder.build(replace(request_for, provide_image=provide))
        assert asked == ["own/stack:3"]

    def test_a_stack_that_has_no_such_image_fails_the_build_in_its_own_words(
        self, builder: Builder, tree: Path, request_for: BuildRequest
    ) -> None:
        def provide(reference: str) -> bool:
            raise NotFound(f"No {reference}.", hint="Write FROM own/stack:3.")

        write(tree, "FROM own/stack:99\n")
        with pytest.raises(BuildFailed, match=r"No own/stack:99\.") as caught:
            builder.build(replace(request_for, provide_image=provide))
        assert caught.value.hint == "Write FROM own/stack:3."

    def test_a_missing_secret_stops_the_build_before_it_starts(
        self, builder: Builder, tree: Path, request_for: BuildRequest, engine: Engine
    ) -> None:
        write(tree, f"FROM {self.base}\nRUN --mount=type=secret,id=TOKEN true\n")
        with pytest.raises(BuildFailed, match="'TOKEN'"):
            builder.build(request_for)
        assert isinstance(engine, FakeEngine)
        assert engine.builds == []


@pytest.mark.engine
class TestOnRealEngine(Sources):
    @pytest.fixture(autouse=True)
    def real_base(self, test_image: str) -> None:
        self.base = test_image

    @pytest.fixture
    def engine(self, docker: Engine) -> Iterator[Engine]:
        before = {image.id for image in docker.images(LABELS)}
        yield docker
        for image in docker.images(LABELS):
            if image.id not in before:
                docker.remove_image(image.id)

    def test_declared_public_values_reach_the_build_and_others_do_not(
        self, builder: Builder, tree: Path, request_for: BuildRequest, engine: Engine
    ) -> None:
        value = "two\nlines, \"quotes\" 'and' ${more} \N{ROCKET}"
        layer = EnvLayer(
            rank=Rank.BUILD,
            origin="build-env",
            values=Environment(GREETING=value, UNDECLARED="1"),
            public=True,
        )
        write(
            tree,
            f"FROM {self.base}\nARG GREETING=none\nARG CONTRACT_SECRET=none\nARG UNSET=none\n"
            'RUN printf "%s|%s|%s" "$GREETING" "$CONTRACT_SECRET" "$UNSET" > /seen\n',
        )
        build = builder.build(replace(request_for, layers=(*request_for.layers, layer)))
        assert output_of(engine, build.image, "cat", "/seen") == f"{value}|none|none"

    def test_a_secret_is_mounted_and_leaves_no_trace(
        self, builder: Builder, tree: Path, request_for: BuildRequest, engine: Engine
    ) -> None:
        write(
            tree,
            f"FROM {self.base}\nRUN --mount=type=secret,id=CONTRACT_SECRET "
            "wc -c < /run/secrets/CONTRACT_SECRET > /length\n",
        )
        build = builder.build(request_for)
        assert output_of(engine, build.image, "cat", "/length").strip() == str(len(SECRET))
        assert (
            output_of(engine, build.image, "sh", "-c", "ls /run/secrets; env | grep -c secret")
            == "0"
        )

    def test_a_failed_step_is_named_with_its_output_and_code(
        self, builder: Builder, tree: Path, request_for: BuildRequest
    ) -> None:
        write(tree, f"FROM {self.base}\nRUN true\nRUN echo no such header; exit 4\nRUN true\n")
        with pytest.raises(BuildFailed) as caught:
            builder.build(request_for)
        assert "step 3 of " in caught.value.message
        assert "RUN echo no such header; exit 4: exit code 4." in caught.value.message
        assert caught.value.detail.splitlines()[-1] == "no such header"

    def test_a_failed_step_under_buildkit_is_named_too(
        self, builder: Builder, tree: Path, request_for: BuildRequest
    ) -> None:
        write(
            tree,
            f"FROM {self.base}\nRUN true\n"
            "RUN --mount=type=cache,target=/c echo no such header; exit 4\n",
        )
        with pytest.raises(BuildFailed) as caught:
            builder.build(request_for)
        assert "step 3 of 3, RUN --mount=type=cache" in caught.value.message
        assert "exit code 4." in caught.value.message
        assert "no such header" in caught.value.detail

    def test_a_build_that_eats_memory_dies_and_says_how_to_give_it_more(
        self, builder: Builder, tree: Path, request_for: BuildRequest
    ) -> None:
        write(tree, f"FROM {self.base}\nRUN perl -e '$x = q(x) x (400 << 20)'\n")
        with pytest.raises(BuildFailed) as caught:
            builder.build(replace(request_for, properties={"build-memory": "64m"}))
        assert "64 MiB" in caught.value.message
        assert caught.value.hint.endswith("builder-dockerfile set contract-app build-memory 4g")

    def test_a_base_image_that_nobody_has_fails_with_what_to_do(
        self, builder: Builder, tree: Path, request_for: BuildRequest
    ) -> None:
        asked: list[str] = []

        def provide(reference: str) -> bool:
            asked.append(reference)
            return False

        write(tree, "ARG V=1\nFROM registry.invalid/nobody/nothing:$V\n")
        with pytest.raises(BuildFailed, match=r"registry\.invalid/nobody/nothing:1") as caught:
            builder.build(replace(request_for, provide_image=provide))
        assert asked == ["registry.invalid/nobody/nothing:1"]
        assert "dokkupy stack list" in caught.value.hint

    def test_the_path_of_the_dockerfile_is_honoured(
        self, builder: Builder, tree: Path, request_for: BuildRequest, engine: Engine
    ) -> None:
        folder = tree / "docker" / "web"
        folder.mkdir(parents=True)
        (folder / "Dockerfile.prod").write_text(f"FROM {self.base}\r\nCOPY . \\\r\n  /app\r\n")
        (tree / "beside").touch()
        properties: dict[str, object] = {"dockerfile-path": "docker/web/Dockerfile.prod"}
        build = builder.build(replace(request_for, properties=properties))
        assert output_of(engine, build.image, "ls", "/app").split() == ["beside", "docker"]

    def test_no_cache_runs_every_step_anew(
        self, builder: Builder, tree: Path, request_for: BuildRequest
    ) -> None:
        write(tree, f"FROM {self.base}\nRUN date +%s%N > /when\n")
        first = builder.build(request_for)
        assert builder.build(request_for).image == first.image
        again = builder.build(replace(request_for, properties={"no-cache": True}))
        assert again.image != first.image


def write(tree: Path, dockerfile: str) -> None:
    (tree / "Dockerfile").write_text(dockerfile)
    (tree / "file").write_text("content\n")


def output_of(engine: Engine, image: str, *command: str) -> str:
    container = engine.create(
        ContainerSpec(
            name=f"dokkupy-contract-{image[7:19]}", image=image, command=command, labels=LABELS
        )
    )
    try:
        engine.start(container)
        assert engine.wait([container], 30) is not None
        return b"\n".join(engine.logs(container)).decode()
    finally:
        engine.remove(container)
