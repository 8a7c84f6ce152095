"""The contract of an engine: what containers are joined to, and streams in and out of them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dokkupy.engine import ContainerFile, Engine, NetworkSpec
from dokkupy.errors import Conflict, NotFound, StateError
from dokkupy.testing.bench import Bench
from dokkupy.testing.contracts.engine_fixtures import (
    FOREVER,
    MISSING,
    EngineFixtures,
    image_build,
    unheard,
)
from dokkupy.testing.program import Program
from dokkupy.types import Mount

ECHO = Program(echo=True).command


class WiringContract(EngineFixtures):
    """Joined to networks and volumes, given files, fed and read."""

    @pytest.fixture
    def another(
        self, engine: Engine, bench: Bench, subnets: Iterable[str]
    ) -> Iterator[NetworkSpec]:
        """Give a second network, without a way into the world."""
        name = bench.name()
        for subnet in subnets:
            gateway = subnet.replace(".0/24", ".1")
            spec = NetworkSpec(
                name=name, subnet=subnet, gateway=gateway, labels=bench.labels, internal=True
            )
            try:
                engine.ensure_network(spec)
            except Conflict:
                continue
            break
        else:
            raise AssertionError("no subnet is free")
        yield spec
        for container in engine.containers(bench.labels):
            engine.disconnect(container.id, name)
        engine.remove_network(name)

    @pytest.fixture
    def volume(self, engine: Engine, bench: Bench) -> Iterator[str]:
        """Give an empty volume."""
        name = bench.name()
        engine.ensure_volume(name, bench.labels)
        yield name
        for container in engine.containers(bench.labels):
            engine.remove(container.id)
        engine.remove_volume(name)

    def test_container_joins_and_leaves_a_second_network_as_it_runs(
        self, engine: Engine, bench: Bench, another: NetworkSpec
    ) -> None:
        container = bench.run(FOREVER)
        address = engine.inspect(container).address
        engine.connect(container, another.name, ["db"])
        engine.connect(container, another.name, ["db"])
        info = engine.inspect(container)
        assert info.networks == tuple(sorted([bench.network.name, another.name]))
        assert info.address == address
        engine.disconnect(container, another.name)
        engine.disconnect(container, another.name)
        assert engine.inspect(container).networks == (bench.network.name,)

    def test_container_is_born_on_all_its_networks(
        self, engine: Engine, bench: Bench, another: NetworkSpec
    ) -> None:
        spec = replace(bench.spec(FOREVER), more_networks=(another.name,))
        container = engine.create(spec)
        engine.start(container)
        info = engine.inspect(container)
        assert info.networks == tuple(sorted([bench.network.name, another.name]))
        assert info.address == spec.address

    def test_container_that_cannot_join_a_network_is_not_made(
        self, engine: Engine, bench: Bench
    ) -> None:
        spec = replace(bench.spec(FOREVER), more_networks=(MISSING,))
        with pytest.raises(NotFound):
            engine.create(spec)
        with pytest.raises(NotFound):
            engine.inspect(spec.name)

    def test_leaving_what_is_missing_is_fine_and_joining_it_is_not(
        self, engine: Engine, bench: Bench
    ) -> None:
        container = bench.run(FOREVER)
        engine.disconnect(container, MISSING)
        engine.disconnect(MISSING, bench.network.name)
        with pytest.raises(NotFound):
            engine.connect(container, MISSING)

    def test_volume_keeps_what_was_written_for_the_next_container(
        self, engine: Engine, bench: Bench, volume: str
    ) -> None:
        spec = replace(bench.spec(FOREVER), mounts=(Mount(source=volume, target="/data"),))
        first = engine.create(spec)
        engine.start(first)
        engine.pipe(first, ["tee", "/data/word"], source=io.BytesIO(b"kept"))
        with pytest.raises(Conflict):
            engine.remove_volume(volume)
        engine.remove(first)
        engine.ensure_volume(volume, bench.labels)
        assert volume in engine.volumes(bench.labels)
        second = engine.create(replace(spec, name=bench.name(), address=bench.address()))
        engine.start(second)
        found: list[bytes] = []
        engine.pipe(second, ["cat", "/data/word"], sink=found.append)
        assert b"".join(found) == b"kept"

    def test_removed_volume_is_gone_and_a_missing_one_is_fine(
        self, engine: Engine, bench: Bench, volume: str
    ) -> None:
        engine.remove_volume(volume)
        assert volume not in engine.volumes(bench.labels)
        engine.remove_volume(volume)

    def test_file_is_there_before_the_container_starts(self, engine: Engine, bench: Bench) -> None:
        container = engine.create(bench.spec(FOREVER))
        engine.put(container, [ContainerFile(path="/etc/secret", content=b"one\ntwo")])
        engine.start(container)
        found: list[bytes] = []
        assert engine.pipe(container, ["cat", "/etc/secret"], sink=found.append).code == 0
        assert b"".join(found) == b"one\ntwo"

    def test_folder_of_a_container_that_never_ran_comes_out_as_an_archive(
        self, engine: Engine, bench: Bench, tmp_path: Path
    ) -> None:
        (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY tree /tree\n")
        (tmp_path / "tree" / "inner").mkdir(parents=True)
        (tmp_path / "tree" / "inner" / "large").write_bytes(bytes(range(256)) * 8192)
        (tmp_path / "tree" / "word").write_bytes(b"one\ntwo")
        image = engine.build(image_build(bench, tmp_path), unheard)
        container = engine.create(bench.spec(image=image, command=("/nothing",)))
        archive = io.BytesIO()
        engine.archive(container, "/tree", archive)
        archive.seek(0)
        with tarfile.open(fileobj=archive) as tar:
            found = {one.name: tar.extractfile(one) for one in tar if one.isfile()}
            read = {name: file.read() for name, file in found.items() if file}
        assert read == {"tree/inner/large": bytes(range(256)) * 8192, "tree/word": b"one\ntwo"}
        with pytest.raises(NotFound):
            engine.archive(container, "/no-such-folder", io.BytesIO())

    def test_command_gets_all_of_its_source_and_gives_all_of_its_output(
        self, engine: Engine, bench: Bench
    ) -> None:
        container = bench.run(FOREVER)
        content = bytes(range(256)) * 8192
        found = bytearray()
        done = engine.pipe(container, ECHO, source=io.BytesIO(content), sink=found.extend)
        assert (done.code, done.error) == (0, "")
        assert bytes(found) == content

    def test_exit_code_and_errors_of_a_command_are_told(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(FOREVER)
        program = Program(line=("out",), error=("what", "is wrong"), exits=3)
        found: list[bytes] = []
        done = engine.pipe(container, program.command, sink=found.append)
        assert (done.code, done.error) == (3, "what\nis wrong")
        assert b"".join(found) == b"out\n"

    @pytest.mark.parametrize("logged", [True, False])
    def test_container_is_fed_and_heard_from_start_to_end(
        self, engine: Engine, bench: Bench, logged: bool
    ) -> None:
        program = Program(line=("out",), error=("what", "is wrong"), echo=True, exits=3)
        spec = replace(bench.spec(program, stdin=True), logged=logged, cpu_shares=512)
        container = engine.create(spec)
        content = bytes(range(256)) * 8192
        out, error = bytearray(), bytearray()
        code = engine.interact(container, io.BytesIO(content), out.extend, error.extend)
        assert code == 3
        assert bytes(out) == b"out\n" + content
        assert bytes(error) == b"what\nis wrong\n"
        assert engine.inspect(container).state == "exited"

    def test_source_that_fails_fails_the_command(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(FOREVER)
        with pytest.raises(StateError, match="torn"):
            engine.pipe(container, ECHO, source=Broken(b"half of it"))

    @pytest.mark.parametrize("ask", ["pipe", "put", "archive", "connect", "interact"])
    def test_missing_container_cannot_be_wired(
        self, engine: Engine, bench: Bench, ask: str
    ) -> None:
        asks: dict[str, Callable[[], object]] = {
            "pipe": lambda: engine.pipe(MISSING, ["true"]),
            "archive": lambda: engine.archive(MISSING, "/", io.BytesIO()),
            "put": lambda: engine.put(MISSING, [ContainerFile(path="/x", content=b"")]),
            "interact": lambda: engine.interact(MISSING, io.BytesIO(), bytes, bytes),
            "connect": lambda: engine.connect(MISSING, bench.network.name),
        }
        with pytest.raises(NotFound):
            asks[ask]()


class Broken(io.BytesIO):
    """Gives what it has and then fails."""

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if not found:
            raise StateError("The source is torn.")
        return found
