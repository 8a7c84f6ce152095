"""The contract of an engine: builds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dokkupy.engine import Engine
from dokkupy.errors import (
    BuildFailed,
    ImageNotFound,
)
from dokkupy.testing.bench import Bench
from dokkupy.testing.contracts.engine_fixtures import (
    MISSING,
    EngineFixtures,
    image_build,
    unheard,
)
from dokkupy.testing.program import Program


class BuildsContract(EngineFixtures):
    """A Dockerfile becomes an image, or says why not."""

    def test_build_makes_an_image_of_a_dockerfile(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(
            f"ARG BASE\nFROM {bench.image}\nENV GREETING=hello\nLABEL of=theirs\n"
            'EXPOSE 5000 80\nENTRYPOINT ["/bin/start"]\nCMD ["a", "b c"]\n'
        )
        image = engine.image(engine.build(image_build(bench, context), unheard))
        assert image.command == ("a", "b c")
        assert image.entrypoint == ("/bin/start",)
        assert image.exposed_ports == (80, 5000)
        assert "GREETING" in image.env_keys
        assert image.labels.items() >= {**bench.labels, "of": "theirs"}.items()
        assert image.id.startswith("sha256:")
        assert image.architecture

    def test_build_tells_its_output_while_it_works(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(f"FROM {bench.image}\nRUN echo {bench.word}\n")
        lines: list[str] = []
        engine.build(replace(image_build(bench, context), no_cache=True), lines.append)
        assert bench.word in lines

    def test_built_image_runs(self, engine: Engine, bench: Bench, context: Path) -> None:
        program = Program(line=("built",), exits=0)
        (context / "Dockerfile").write_text(program.dockerfile(bench.image))
        container = engine.create(
            bench.spec(image=engine.build(image_build(bench, context), unheard))
        )
        engine.start(container)
        assert list(engine.logs(container, follow=True)) == [b"built"]

    def test_image_changes_with_what_is_copied_into_it(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(f"FROM {bench.image}\nRUN true\nCOPY a /a\n")
        (context / "a").write_text(f"{bench.word} 1")
        first = engine.build(image_build(bench, context), unheard)
        again = engine.build(image_build(bench, context), unheard)
        (context / "a").write_text(f"{bench.word} 2")
        changed = engine.build(image_build(bench, context), unheard)
        assert first == again != changed

    def test_dockerfile_may_have_another_name(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "deploy").mkdir()
        (context / "deploy" / "web.docker").write_text(f'FROM {bench.image}\nCMD ["x"]\n')
        build = replace(image_build(bench, context), dockerfile="deploy/web.docker")
        assert engine.image(engine.build(build, unheard)).command == ("x",)

    def test_failing_step_is_a_failed_build(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(
            f"FROM {bench.image}\nRUN echo the reason; exit 3\nRUN echo never\n"
        )
        lines: list[str] = []
        with pytest.raises(BuildFailed) as caught:
            engine.build(image_build(bench, context), lines.append)
        assert "returned a non-zero code: 3" in caught.value.message
        assert "the reason" in lines
        assert "never" not in lines

    def test_copying_what_is_not_there_is_a_failed_build(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(f"FROM {bench.image}\nRUN true\nCOPY nothing /a\n")
        with pytest.raises(BuildFailed, match="nothing"):
            engine.build(image_build(bench, context), unheard)

    @pytest.mark.parametrize("steps", ["FROM {}\n", "FROM {}\nRUN true\n"])
    def test_missing_base_is_named(
        self, engine: Engine, bench: Bench, context: Path, steps: str
    ) -> None:
        (context / "Dockerfile").write_text(steps.format(f"127.0.0.1:9/{MISSING}:1"))
        with pytest.raises(ImageNotFound, match=MISSING) as caught:
            engine.build(image_build(bench, context), unheard)
        assert MISSING in caught.value.hint

    def test_missing_image_to_copy_from_is_named(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(
            f"FROM {bench.image}\nRUN true\nCOPY --from=127.0.0.1:9/{MISSING}:1 /a /a\n"
        )
        with pytest.raises(ImageNotFound, match=MISSING):
            engine.build(image_build(bench, context), unheard)

    @pytest.mark.parametrize("name", ["../Dockerfile", "/etc/hostname", "link", "missing"])
    def test_dockerfile_outside_of_the_context_is_refused(
        self, engine: Engine, bench: Bench, context: Path, name: str
    ) -> None:
        (context.parent / "Dockerfile").write_text(f"FROM {bench.image}\n")
        (context / "link").symlink_to("../Dockerfile")
        with pytest.raises(BuildFailed) as caught:
            engine.build(replace(image_build(bench, context), dockerfile=name), unheard)
        assert caught.value.hint

    def test_argument_reaches_the_build(self, engine: Engine, bench: Bench, context: Path) -> None:
        (context / "Dockerfile").write_text(
            f"FROM {bench.image}\nARG WHO=nobody\nENV GREETED=$WHO\nLABEL who=$WHO\n"
        )
        build = replace(image_build(bench, context), args={"WHO": "world"})
        assert engine.image(engine.build(build, unheard)).labels["who"] == "world"

    def test_mount_without_buildkit_is_refused(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(
            f"FROM {bench.image}\nRUN --mount=type=cache,target=/c true\n"
        )
        with pytest.raises(BuildFailed, match="BuildKit"):
            engine.build(image_build(bench, context), unheard)
