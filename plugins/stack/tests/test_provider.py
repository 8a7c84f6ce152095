from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy.engine import ImageBuild
from dokkupy.errors import BuildFailed
from dokkupy_stack.provider import cache_directory
from dokkupy_stack.stacks import BASE, PYTHON, RUN

from .conftest import Bench


def test_a_stack_is_there_under_all_its_names(bench: Bench) -> None:
    python = bench.provider().ensure(PYTHON)
    base = bench.provider().ensure(BASE)
    assert bench.names() == {
        "dokkupy/debian:bookworm",
        *BASE.tags,
        base.reference,
        *PYTHON.tags,
        python.reference,
    }
    images = {bench.engine.image(name).id for name in (*PYTHON.tags, python.reference)}
    assert len(images) == 1
    assert bench.engine.image(PYTHON.tags[0]).labels["dokkupy.stack"] == "python"


def test_what_is_there_is_not_made_again(bench: Bench) -> None:
    bench.provider().ensure(PYTHON)
    made = len(bench.engine.builds)
    bench.lines.clear()
    bench.provider().ensure(PYTHON)
    assert (len(bench.engine.builds), bench.lines) == (made, [])


def test_another_engine_starts_from_the_kept_root_file_system(bench: Bench) -> None:
    bench.provider().ensure(BASE)
    assert any(line.startswith("Importing ") for line in bench.lines)
    assert not any("Bootstrapping" in line for line in bench.lines)


def test_a_registry_that_answers_is_preferred(bench: Bench) -> None:
    bench.engine.registry.add("debian:bookworm-slim")
    bench.provider().ensure(BASE)
    assert not any(line.startswith("Importing ") for line in bench.lines)
    pulled = bench.engine.image("debian:bookworm-slim").id
    assert bench.engine.image("dokkupy/debian:bookworm").id == pulled


def test_a_changed_setting_makes_it_anew_and_drops_the_old_name(bench: Bench) -> None:
    before = bench.provider().ensure(BASE)
    after = bench.provider(certificates={"ours.crt": "PEM"}).ensure(BASE)
    assert before.reference != after.reference
    assert before.reference not in bench.names()
    assert bench.engine.image("dokkupy/base:1").labels["dokkupy.stack.version"] == after.version


def test_images_of_apps_that_inherited_its_labels_are_left_alone(
    bench: Bench, tmp_path: Path
) -> None:
    before = bench.provider().ensure(BASE)
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE.tags[0]}\n")
    build = ImageBuild(
        context=tmp_path, dockerfile="Dockerfile", args={}, labels={}, memory=0, cpu_shares=512
    )
    app = bench.engine.build(build, lambda _: None)
    bench.engine.tag(app, "dokkupy-root/app:release-1")
    assert bench.engine.image(app).labels["dokkupy.stack.version"] == before.version
    bench.provider(certificates={"ours.crt": "PEM"}).ensure(BASE)
    assert bench.engine.image("dokkupy-root/app:release-1").id == app


def test_a_machine_with_neither_registry_nor_sources_says_what_to_do(
    bench: Bench, tmp_path: Path
) -> None:
    provider = bench.provider(sources=())
    next(bench.cache.glob("*.tar")).unlink()
    with pytest.raises(BuildFailed) as caught:
        provider.ensure(BASE)
    assert "dokkupy/debian" in caught.value.hint


def test_the_place_of_the_cache_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOKKUPY_CACHE", "/srv/cache")
    assert cache_directory() == Path("/srv/cache")


def test_the_stack_of_another_release_stays_for_the_apps_that_are_on_it(bench: Bench) -> None:
    old = bench.engine.add_image(
        "dokkupy/run:old",
        labels={
            "dokkupy.stack": "run",
            "dokkupy.stack.release": "old",
            "dokkupy.stack.version": "1",
        },
    )
    bench.provider().ensure(RUN)
    assert bench.engine.image("dokkupy/run:old").id == old
