"""The contract of an engine: images and their names."""

from __future__ import annotations

import io
import os
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dokkupy.engine import Engine, ImageLayer, RegistryLogin
from dokkupy.errors import (
    Conflict,
    EngineError,
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

HIDDEN = "hidden-4f1c"


class ImagesContract(EngineFixtures):
    """Imported, tagged, pulled, removed."""

    def test_image_is_known_by_each_of_its_names(self, engine: Engine, bench: Bench) -> None:
        image = self._import(engine, bench)
        reference = f"dokkupy-test/{bench.name()}:2"
        engine.tag(image, reference)
        assert engine.image(reference).id == image
        assert reference in engine.image(image).tags
        engine.remove_image(reference)
        assert engine.image(image).id == image

    def test_image_goes_with_its_last_name(self, engine: Engine, bench: Bench) -> None:
        image = self._import(engine, bench)
        for tag in engine.image(image).tags:
            engine.remove_image(tag)
        with pytest.raises(ImageNotFound):
            engine.image(image)

    def test_image_removed_by_id_loses_all_its_names(self, engine: Engine, bench: Bench) -> None:
        image = self._import(engine, bench)
        engine.tag(image, f"dokkupy-test/{bench.name()}:2")
        engine.remove_image(image)
        with pytest.raises(ImageNotFound):
            engine.image(image)

    def test_sizes_are_of_what_an_image_shares_with_no_other(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(f"FROM {bench.image}\nCOPY big /big\n")
        (context / "big").write_bytes(os.urandom(100_000))
        image = engine.build(image_build(bench, context), unheard)
        sizes = engine.own_sizes()
        assert 0 < sizes[image] <= engine.image(image).size
        assert engine.image(bench.image).id in sizes

    def test_cache_of_builds_within_its_limit_stays(self, engine: Engine) -> None:
        before = engine.build_cache()
        engine.trim_build_cache(before + 2**40)
        assert engine.build_cache() >= before

    def test_image_says_when_it_was_made(self, engine: Engine, bench: Bench, context: Path) -> None:
        (context / "Dockerfile").write_text(f"FROM {bench.image}\nCOPY stamp /stamp\n")
        (context / "stamp").write_bytes(os.urandom(8))
        before = time.time()
        image = engine.build(image_build(bench, context), unheard)
        assert before - 1 <= engine.image(image).created_at <= time.time() + 1

    def test_image_of_a_container_stays(self, engine: Engine, bench: Bench) -> None:
        image = self._import(engine, bench)
        container = engine.create(bench.spec(image=image, command=("/nothing",)))
        with pytest.raises(Conflict):
            engine.remove_image(image)
        engine.remove(container)
        engine.remove_image(image)

    def test_tag_can_move_to_another_image(self, engine: Engine, bench: Bench) -> None:
        first, second = self._import(engine, bench), self._import(engine, bench)
        reference = f"dokkupy-test/{bench.name()}"
        engine.tag(first, reference)
        engine.tag(second, reference)
        assert engine.image(reference).id == second

    def test_imported_image_carries_its_labels(self, engine: Engine, bench: Bench) -> None:
        label = 'a "quoted" $HOME \\ label'
        image = engine.image(self._import(engine, bench, label))
        assert image.labels == bench.labels | {"dokkupy.test": label}
        assert (image.entrypoint, image.command, image.exposed_ports) == ((), (), ())
        assert [found.id for found in engine.images(image.labels)] == [image.id]

    def test_what_is_no_archive_is_not_imported(self, engine: Engine, bench: Bench) -> None:
        with pytest.raises(EngineError):
            engine.import_image(io.BytesIO(b"no tar" * 1000), f"{bench.name()}:1", bench.labels)

    def test_image_that_cannot_be_pulled_is_not_found(self, engine: Engine) -> None:
        # Nothing listens on the port of discard.
        with pytest.raises(ImageNotFound, match=MISSING) as caught:
            engine.pull(f"127.0.0.1:9/{MISSING}:1", 10)
        assert caught.value.hint

    def test_image_that_is_not_there_is_not_sent(self, engine: Engine) -> None:
        with pytest.raises(ImageNotFound, match=MISSING):
            engine.push(f"127.0.0.1:9/{MISSING}:1", unheard, 10)

    def test_image_is_not_sent_to_a_registry_that_does_not_answer(
        self, engine: Engine, bench: Bench
    ) -> None:
        reference = f"127.0.0.1:9/{bench.name()}:1"
        engine.tag(bench.image, reference)
        with pytest.raises(EngineError) as caught:
            engine.push(reference, unheard, 10)
        assert caught.value.hint
        engine.remove_image(reference)

    def test_login_at_a_registry_that_does_not_answer_is_not_believed(self, engine: Engine) -> None:
        login = RegistryLogin(host="127.0.0.1:9", user="ann", secret=HIDDEN)
        with pytest.raises(EngineError, match=r"127\.0\.0\.1:9") as caught:
            engine.check_login(login)
        assert HIDDEN not in f"{caught.value.message} {caught.value.detail}"

    def test_layer_is_added_to_an_image_with_its_config(self, engine: Engine, bench: Bench) -> None:
        program = Program(line=("from the layer",), exits=0)
        layer = ImageLayer(
            image=bench.image,
            labels=bench.labels | {"dokkupy.test": "layer"},
            entrypoint=program.command[:1],
            command=program.command[1:],
        )
        made = engine.image(engine.add_layer(layer, archive_of("etc/layer", b"on top")))
        assert made.labels.items() >= layer.labels.items()
        assert (made.entrypoint, made.command) == (layer.entrypoint, layer.command)
        assert engine.containers(layer.labels) == []
        container = engine.create(bench.spec(image=made.id))
        engine.start(container)
        assert engine.wait([container], 30) is not None
        assert list(engine.logs(container)) == [b"from the layer"]
        engine.remove(container)
        engine.remove_image(made.id)

    def test_layer_keeps_the_program_of_the_image_below(self, engine: Engine, bench: Bench) -> None:
        below = ImageLayer(
            image=bench.image, labels=bench.labels, entrypoint=("one",), command=("two",)
        )
        first = engine.add_layer(below, archive_of("etc/layer", b"below"))
        on_top = replace(below, image=first, entrypoint=(), command=())
        second = engine.image(engine.add_layer(on_top, archive_of("etc/layer", b"on top")))
        assert (second.entrypoint, second.command) == (("one",), ("two",))
        engine.remove_image(second.id)

    def test_layer_of_what_is_no_archive_is_refused_and_leaves_nothing(
        self, engine: Engine, bench: Bench
    ) -> None:
        labels = bench.labels | {"dokkupy.test": "torn"}
        layer = ImageLayer(image=bench.image, labels=labels)
        with pytest.raises(EngineError):
            engine.add_layer(layer, io.BytesIO(b"no tar" * 1000))
        assert engine.images(labels) == []
        assert engine.containers(labels) == []

    def test_layer_on_a_missing_image_is_not_found(self, engine: Engine, bench: Bench) -> None:
        layer = ImageLayer(image=MISSING, labels=bench.labels)
        with pytest.raises(ImageNotFound):
            engine.add_layer(layer, archive_of("x", b""))

    def _import(self, engine: Engine, bench: Bench, label: str = "") -> str:
        """Make an image with one file that no other has."""
        content = bench.name().encode()
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            entry = tarfile.TarInfo("file")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        archive.seek(0)
        labels = bench.labels | ({"dokkupy.test": label} if label else {})
        return engine.import_image(archive, f"dokkupy-test/{bench.name()}:1", labels)


def archive_of(path: str, content: bytes) -> io.BytesIO:
    """Return an archive with one file."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo(path)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    archive.seek(0)
    return archive
