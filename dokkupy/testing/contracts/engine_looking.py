"""The contract of an engine: what can be seen of a container from outside."""

from __future__ import annotations

from dokkupy.engine import Engine
from dokkupy.testing.bench import Bench
from dokkupy.testing.contracts.engine_fixtures import FOREVER, EngineFixtures, wait_until_up
from dokkupy.testing.patience import eventually
from dokkupy.testing.program import Program


class LookingContract(EngineFixtures):
    """Commands, starts, memory, files."""

    def test_command_is_told_as_it_was_given(self, engine: Engine, bench: Bench) -> None:
        container = engine.create(bench.spec(FOREVER))
        assert engine.inspect(container).command == FOREVER.command

    def test_starts_by_the_engine_are_counted(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(exits=3, after=0.3))
        assert engine.inspect(container).restart_count == 0
        engine.set_restart_policy(container, "unless-stopped")
        eventually(lambda: engine.inspect(container).restart_count >= 2)

    def test_memory_is_told_of_what_runs(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(line=("up",)))
        wait_until_up(engine, container)
        assert 0 < engine.memory_used(container) < 1024**3
        engine.stop(container, 1)
        assert engine.memory_used(container) == 0

    def test_file_that_is_not_there_is_none(self, engine: Engine, bench: Bench) -> None:
        container = engine.create(bench.spec(FOREVER))
        assert engine.executable(container, "no-such-program-7d3f") is None
        assert engine.executable(container, "./no/such/program-7d3f") is None
