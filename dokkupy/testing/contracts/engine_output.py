"""The contract of an engine: what comes out of a container and goes into it."""

from __future__ import annotations

import time

import pytest

from dokkupy.engine import Engine, Listener
from dokkupy.errors import (
    Conflict,
)
from dokkupy.testing.bench import Bench
from dokkupy.testing.contracts.engine_fixtures import (
    EVERYWHERE,
    FOREVER,
    EngineFixtures,
    wait_until_up,
)
from dokkupy.testing.patience import eventually
from dokkupy.testing.probes import typed_stdin
from dokkupy.testing.program import Program


class OutputContract(EngineFixtures):
    """Logs, attached processes, listening sockets."""

    def test_log_has_the_lines_of_both_outputs(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(line=("one", "", "två"), error=("oops",), exits=0))
        engine.wait([container], 20)
        assert sorted(engine.logs(container)) == sorted([b"one", b"", "två".encode(), b"oops"])

    def test_log_can_be_limited_to_its_end(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(line=("one", "two", "three"), exits=0))
        engine.wait([container], 20)
        assert list(engine.logs(container, tail=2)) == [b"two", b"three"]
        assert list(engine.logs(container, tail=0)) == []

    def test_log_can_be_limited_to_what_is_new(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(line=("old",), exits=0))
        engine.wait([container], 20)
        assert list(engine.logs(container, since=1.0)) == [b"old"]
        assert list(engine.logs(container, since=time.time() + 1)) == []

    def test_log_is_followed_to_the_end(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(line=("one",), exits=0, after=0.5))
        lines = engine.logs(container, follow=True)
        assert next(lines) == b"one"
        assert list(lines) == []
        assert engine.inspect(container).state == "exited"

    def test_following_a_log_can_be_given_up(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(line=("one",)))
        for line in engine.logs(container, follow=True):
            assert line == b"one"
            break
        assert engine.inspect(container).state == "running"

    def test_log_line_may_be_very_long(self, engine: Engine, bench: Bench) -> None:
        long = "x" * 100_000
        container = bench.run(Program(line=(long, "short"), exits=0))
        engine.wait([container], 20)
        assert list(engine.logs(container)) == [long.encode(), b"short"]

    def test_attach_carries_input_and_output(
        self, engine: Engine, bench: Bench, capfd: pytest.CaptureFixture[str]
    ) -> None:
        container = engine.create(bench.spec(Program(echo=True, exits=4), stdin=True))
        typed = "".join(f"line {number}\n" for number in range(20_000))
        with typed_stdin(typed):
            assert engine.attach(container) == 4
        assert capfd.readouterr().out == typed

    def test_attach_keeps_the_outputs_apart(
        self, engine: Engine, bench: Bench, capfd: pytest.CaptureFixture[str]
    ) -> None:
        program = Program(line=("result",), error=("warning",), exits=0)
        container = engine.create(bench.spec(program, stdin=True))
        with typed_stdin(""):
            assert engine.attach(container) == 0
        captured = capfd.readouterr()
        assert (captured.out, captured.err) == ("result\n", "warning\n")

    def test_attach_knows_the_exit_code_of_what_removes_itself(
        self, engine: Engine, bench: Bench
    ) -> None:
        spec = bench.spec(Program(exits=9), stdin=True, auto_remove=True)
        container = engine.create(spec)
        with typed_stdin(""):
            assert engine.attach(container) == 9

    def test_execute_runs_beside_the_first_process(
        self, engine: Engine, bench: Bench, capfd: pytest.CaptureFixture[str]
    ) -> None:
        container = bench.run(FOREVER)
        command = Program(line=("inside",), error=("warning",), exits=5).command
        assert engine.execute(container, command, interactive=False, tty=False) == 5
        captured = capfd.readouterr()
        assert (captured.out, captured.err) == ("inside\n", "warning\n")
        assert engine.inspect(container).state == "running"

    def test_execute_takes_input(
        self, engine: Engine, bench: Bench, capfd: pytest.CaptureFixture[str]
    ) -> None:
        container = bench.run(FOREVER)
        with typed_stdin("typed\n"):
            command = Program(echo=True).command
            assert engine.execute(container, command, interactive=True, tty=False) == 0
        assert capfd.readouterr().out == "typed\n"

    def test_execute_needs_a_running_container(self, engine: Engine, bench: Bench) -> None:
        container = engine.create(bench.spec(FOREVER))
        with pytest.raises(Conflict):
            engine.execute(container, ["true"], interactive=False, tty=False)

    @pytest.mark.parametrize("address", [EVERYWHERE, "127.0.0.1", "::"])
    def test_listeners_are_seen_as_from_inside(
        self, engine: Engine, bench: Bench, address: str
    ) -> None:
        container = bench.run(Program(listen=address, port=3000))
        assert eventually(lambda: engine.listeners(container)) == [
            Listener(address=address, port=3000)
        ]

    def test_nothing_listens_in_a_container_that_does_not(
        self, engine: Engine, bench: Bench
    ) -> None:
        running = bench.run(Program(line=("up",)))
        wait_until_up(engine, running)
        assert engine.listeners(running) == []
        assert engine.listeners(engine.create(bench.spec(FOREVER))) == []
