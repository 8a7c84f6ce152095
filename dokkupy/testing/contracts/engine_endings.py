"""The contract of an engine: containers stopped, removed, restarted, waited for."""

from __future__ import annotations

import threading
import time

import pytest

from dokkupy.engine import Engine
from dokkupy.errors import (
    NotFound,
)
from dokkupy.testing.bench import Bench
from dokkupy.testing.contracts.engine_fixtures import (
    FOREVER,
    MISSING,
    EngineFixtures,
    wait_until_up,
)
from dokkupy.testing.patience import eventually
from dokkupy.testing.program import Program


class EndingsContract(EngineFixtures):
    """Stopped, killed, removed, started again, awaited."""

    def test_stop_asks_before_it_kills(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(line=("up",)))
        wait_until_up(engine, container)
        engine.stop(container, 10)
        info = engine.inspect(container)
        assert (info.state, info.exit_code) == ("exited", 143)

    def test_stop_kills_what_does_not_listen(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(line=("up",), stubborn=True))
        wait_until_up(engine, container)
        engine.stop(container, 0.5)
        assert engine.inspect(container).exit_code == 137

    def test_stopping_what_does_not_run_is_fine(self, engine: Engine, bench: Bench) -> None:
        container = engine.create(bench.spec(FOREVER))
        engine.stop(container, 1)
        engine.kill(container)
        assert engine.inspect(container).state == "created"

    def test_kill_does_not_ask(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(stubborn=True))
        engine.kill(container)
        assert engine.wait([container], 10) == container
        assert engine.inspect(container).exit_code == 137

    def test_signal_reaches_the_first_process(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(line=("up",)))
        wait_until_up(engine, container)
        engine.kill(container, "TERM")
        assert engine.wait([container], 10) == container
        assert engine.inspect(container).exit_code == 143

    def test_removed_container_is_gone_though_it_ran(self, engine: Engine, bench: Bench) -> None:
        spec = bench.spec(FOREVER)
        container = engine.create(spec)
        engine.start(container)
        engine.remove(container)
        with pytest.raises(NotFound):
            engine.inspect(container)
        engine.start(engine.create(spec))

    def test_container_that_removes_itself_is_gone_at_its_end(
        self, engine: Engine, bench: Bench
    ) -> None:
        container = engine.create(bench.spec(Program(exits=0), auto_remove=True))
        engine.start(container)
        engine.remove(container)
        with pytest.raises(NotFound):
            engine.inspect(container)

    def test_restart_policy_starts_again_what_ends_by_itself(
        self, engine: Engine, bench: Bench
    ) -> None:
        container = bench.run(Program(line=("up",), exits=3, after=1))
        began = engine.inspect(container).started_at
        engine.set_restart_policy(container, "unless-stopped")
        assert engine.inspect(container).restart_policy == "unless-stopped"
        eventually(lambda: engine.inspect(container).started_at > began)
        engine.stop(container, 1)
        assert engine.inspect(container).state == "exited"

    def test_container_that_was_stopped_stays_stopped(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(FOREVER)
        engine.set_restart_policy(container, "unless-stopped")
        engine.stop(container, 1)
        assert engine.wait([container], 0.5) == container
        time.sleep(0.3)  # What must not happen gives no event.
        assert engine.inspect(container).state == "exited"

    def test_containers_are_found_by_all_of_their_labels(
        self, engine: Engine, bench: Bench
    ) -> None:
        mark = bench.name()
        stopped = engine.create(bench.spec(FOREVER, labels={"dokkupy.app": mark, "x": "1"}))
        other = engine.create(bench.spec(FOREVER, labels={"dokkupy.app": mark, "x": "2"}))
        found = engine.containers({"dokkupy.app": mark})
        assert {info.id for info in found} == {stopped, other}
        assert [info.id for info in engine.containers({"dokkupy.app": mark, "x": "2"})] == [other]
        assert engine.containers({"dokkupy.app": mark, "x": "3"}) == []
        assert found[0] == engine.inspect(found[0].id)

    def test_wait_gives_up_after_its_timeout(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(FOREVER)
        began = time.monotonic()
        assert engine.wait([container], 0.3) is None
        assert 0.25 < time.monotonic() - began < 3

    def test_wait_names_the_one_that_ended(self, engine: Engine, bench: Bench) -> None:
        lasting, short = bench.run(FOREVER), bench.run(Program(exits=0, after=0.5))
        assert engine.wait([lasting, short], 20) == short

    def test_wait_does_not_wait_for_what_never_started_or_existed(
        self, engine: Engine, bench: Bench
    ) -> None:
        running, created = bench.run(FOREVER), engine.create(bench.spec(FOREVER))
        assert engine.wait([running, created], 10) == created
        assert engine.wait([running, MISSING], 10) == MISSING

    def test_wait_notices_a_removal(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(FOREVER)
        remover = threading.Timer(0.2, engine.remove, [container])
        remover.start()
        assert engine.wait([container], 20) == container
        remover.join()
