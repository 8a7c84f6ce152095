"""The contract of an engine: containers from creation to their end."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from dokkupy.engine import Engine
from dokkupy.errors import (
    Conflict,
    ImageNotFound,
    NotFound,
)
from dokkupy.testing.bench import Bench
from dokkupy.testing.contracts.engine_fixtures import (
    EVERYWHERE,
    FOREVER,
    HARD_VALUES,
    MISSING,
    EngineFixtures,
)
from dokkupy.testing.patience import eventually
from dokkupy.testing.probes import visit
from dokkupy.testing.program import Program


class ContainersContract(EngineFixtures):
    """Created, started, limited, reached, ended."""

    def test_created_container_waits_to_be_started(self, engine: Engine, bench: Bench) -> None:
        spec = bench.spec(FOREVER, labels={"dokkupy.app": "a"})
        info = engine.inspect(engine.create(spec))
        assert (info.name, info.state, info.started_at) == (spec.name, "created", 0.0)
        assert info.labels.items() >= spec.labels.items()
        assert info.restart_policy == "no"
        assert info.image == engine.image(bench.image).id

    def test_container_is_known_by_name_too(self, engine: Engine, bench: Bench) -> None:
        spec = bench.spec(FOREVER)
        assert engine.inspect(engine.create(spec)).id == engine.inspect(spec.name).id

    def test_started_container_runs_at_its_address(self, engine: Engine, bench: Bench) -> None:
        spec = bench.spec(FOREVER)
        container = engine.create(spec)
        before = time.time()
        engine.start(container)
        info = engine.inspect(container)
        assert (info.state, info.address) == ("running", spec.address)
        assert before - 1 <= info.started_at <= time.time() + 1
        assert info.pid > 0

    def test_limits_are_the_asked_ones(self, engine: Engine, bench: Bench) -> None:
        spec = replace(bench.spec(FOREVER), memory=48 * 1024**2, cpus=0.5, pids=33)
        info = engine.inspect(engine.create(spec))
        assert (info.memory, info.cpus, info.pids) == (48 * 1024**2, 0.5, 33)

    def test_starting_a_running_container_is_fine(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(FOREVER)
        began = engine.inspect(container).started_at
        engine.start(container)
        assert engine.inspect(container).started_at == began

    def test_host_reaches_a_container_at_its_address(self, bench: Bench) -> None:
        address = bench.address()
        bench.run(Program(listen=EVERYWHERE, port=5000, body="hello"), address=address)
        assert eventually(lambda: visit(f"http://{address}:5000/")) == (200, "hello")

    def test_program_takes_its_port_from_the_environment(self, bench: Bench) -> None:
        address = bench.address()
        program = Program(listen=EVERYWHERE, status=404, answer=("/up=204",))
        bench.run(program, env={"PORT": "5001"}, address=address)
        assert eventually(lambda: visit(f"http://{address}:5001/up")) == (204, "")
        assert visit(f"http://{address}:5001/") == (404, "")

    def test_name_in_use_is_a_conflict(self, engine: Engine, bench: Bench) -> None:
        spec = bench.spec(FOREVER)
        engine.create(spec)
        with pytest.raises(Conflict, match=spec.name):
            engine.create(replace(spec, address=bench.address()))

    def test_address_in_use_is_a_conflict(self, engine: Engine, bench: Bench) -> None:
        address = bench.address()
        bench.run(FOREVER, address=address)
        second = engine.create(bench.spec(FOREVER, address=address))
        with pytest.raises(Conflict):
            engine.start(second)
        assert engine.inspect(second).state == "created"

    def test_address_is_the_same_after_a_stop(self, engine: Engine, bench: Bench) -> None:
        address = bench.address()
        container = bench.run(FOREVER, address=address)
        engine.stop(container, 1)
        assert engine.inspect(container).address == address
        engine.start(container)
        assert engine.inspect(container).address == address

    def test_container_of_a_missing_image_is_not_made(self, engine: Engine, bench: Bench) -> None:
        spec = bench.spec(FOREVER, image=f"{MISSING}:1")
        with pytest.raises(ImageNotFound, match=MISSING):
            engine.create(spec)
        with pytest.raises(NotFound):
            engine.inspect(spec.name)

    def test_container_on_a_missing_network_does_not_start(
        self, engine: Engine, bench: Bench
    ) -> None:
        container = engine.create(replace(bench.spec(FOREVER), network=MISSING))
        with pytest.raises(NotFound, match=MISSING):
            engine.start(container)

    def test_container_without_network_has_no_address(self, engine: Engine, bench: Bench) -> None:
        container = engine.create(replace(bench.spec(FOREVER), network="", address=""))
        engine.start(container)
        info = engine.inspect(container)
        assert (info.state, info.address) == ("running", "")

    def test_engine_chooses_an_address_when_none_is_asked_for(
        self, engine: Engine, bench: Bench
    ) -> None:
        container = engine.create(replace(bench.spec(FOREVER), address=""))
        engine.start(container)
        assert engine.inspect(container).address
        engine.remove(container)

    def test_exit_code_is_kept(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(exits=7))
        assert engine.wait([container], 20) == container
        info = engine.inspect(container)
        assert (info.state, info.exit_code, info.oom_killed) == ("exited", 7, False)

    def test_container_that_takes_more_than_its_memory_is_killed(
        self, engine: Engine, bench: Bench
    ) -> None:
        container = bench.run(Program(hog=True))
        assert engine.wait([container], 30) == container
        info = engine.inspect(container)
        assert (info.exit_code, info.oom_killed) == (137, True)

    def test_environment_arrives_unchanged(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(show=tuple(HARD_VALUES), exits=0), env=HARD_VALUES)
        engine.wait([container], 20)
        shown = b"\n".join(engine.logs(container)).decode()
        assert shown == "\n".join(f"{key}={value}" for key, value in HARD_VALUES.items())
