"""What the fake engine offers to tests beyond the protocol."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.engine import Listener
from dokkupy.errors import EngineError, ImageNotFound
from dokkupy.testing.bench import Bench
from dokkupy.testing.engine_fake import BASE, FakeEngine
from dokkupy.testing.loopback import loopback_subnets
from dokkupy.testing.patience import eventually
from dokkupy.testing.probes import visit
from dokkupy.testing.program import Program

words = st.text(max_size=20).filter(lambda text: "\0" not in text)


@pytest.fixture
def bench(fake_engine: FakeEngine) -> Iterator[Bench]:
    bench = Bench(fake_engine, BASE, loopback_subnets())
    yield bench
    bench.clear()


@given(
    st.builds(
        Program,
        needs=st.lists(words, max_size=2).map(tuple),
        line=st.lists(words, max_size=2).map(tuple),
        hog=st.booleans(),
        listen=st.sampled_from(["", "::"]),
        port=st.integers(0, 65535),
        body=words,
        delay=st.floats(0, 10),
        exits=st.none() | st.integers(0, 255),
        after=st.floats(0, 10),
    )
)
def test_every_program_is_read_back_from_its_command_line(program: Program) -> None:
    assert Program.decode(program.command) == program


def test_other_command_lines_are_no_programs() -> None:
    assert Program.decode(("python", "app.py")) is None
    assert Program.decode(()) is None


def test_container_without_program_answers_on_its_port(
    fake_engine: FakeEngine, bench: Bench
) -> None:
    address = bench.address()
    spec = bench.spec(command=("python", "app.py"), env={"PORT": "5000"}, address=address)
    fake_engine.start(fake_engine.create(spec))
    assert visit(f"http://{address}:5000/any") == (200, "")


def test_last_program_that_matches_counts(fake_engine: FakeEngine, bench: Bench) -> None:
    fake_engine.program(Program(exits=1))
    fake_engine.program(Program(exits=2), matching="worker")
    fake_engine.program(Program(exits=3), image=fake_engine.add_image("other:1"))
    codes = []
    for command, image in ((("web",), BASE), (("worker",), BASE), (("worker",), "other:1")):
        container = fake_engine.create(bench.spec(command=command, image=image))
        fake_engine.start(container)
        codes.append(fake_engine.inspect(container).exit_code)
    assert codes == [1, 2, 3]


def test_program_that_needs_a_key_says_which(fake_engine: FakeEngine, bench: Bench) -> None:
    container = bench.run(Program(needs=("DATABASE_URL",)))
    assert fake_engine.inspect(container).exit_code == 1
    assert list(fake_engine.logs(container)) == [b"KeyError: 'DATABASE_URL'"]


def test_program_on_the_containers_loopback_cannot_be_visited(
    fake_engine: FakeEngine, bench: Bench
) -> None:
    address = bench.address()
    container = bench.run(Program(listen="127.0.0.1", port=3000), address=address)
    assert fake_engine.listeners(container) == [Listener(address="127.0.0.1", port=3000)]
    assert visit(f"http://{address}:3000/") is None


def test_stopped_container_answers_no_more(fake_engine: FakeEngine, bench: Bench) -> None:
    address = bench.address()
    container = bench.run(Program(listen="::", port=5000), address=address)
    assert visit(f"http://{address}:5000/") == (200, "")
    fake_engine.stop(container, 1)
    assert visit(f"http://{address}:5000/") is None
    fake_engine.start(container)
    assert visit(f"http://{address}:5000/") == (200, "")


def test_crash_ends_a_container_as_if_by_itself(fake_engine: FakeEngine, bench: Bench) -> None:
    left, promoted = bench.run(Program()), bench.run(Program())
    began = fake_engine.inspect(promoted).started_at
    fake_engine.set_restart_policy(promoted, "unless-stopped")
    fake_engine.crash(left, 9)
    fake_engine.crash(promoted)
    assert (fake_engine.inspect(left).state, fake_engine.inspect(left).exit_code) == ("exited", 9)
    eventually(lambda: fake_engine.inspect(promoted).started_at > began)
    assert fake_engine.inspect(promoted).state == "running"


def test_reboot_brings_back_what_ran_and_is_to_be_restarted(
    fake_engine: FakeEngine, bench: Bench
) -> None:
    containers = [bench.run(Program()) for _ in range(3)]
    promoted, staged, stopped = containers
    for container in (promoted, stopped):
        fake_engine.set_restart_policy(container, "unless-stopped")
    fake_engine.stop(stopped, 1)
    fake_engine.restart()
    states = [fake_engine.inspect(container).state for container in (promoted, staged, stopped)]
    assert states == ["running", "exited", "exited"]


def test_engine_that_is_down_answers_nothing(fake_engine: FakeEngine, bench: Bench) -> None:
    container = bench.run(Program())
    fake_engine.down = True
    for ask in (
        fake_engine.ping,
        lambda: fake_engine.inspect(container),
        lambda: fake_engine.wait([container], 1),
        lambda: list(fake_engine.logs(container)),
    ):
        with pytest.raises(EngineError) as caught:
            ask()
        assert "systemctl start docker" in caught.value.hint
    fake_engine.down = False


def test_registry_has_what_it_was_given(fake_engine: FakeEngine) -> None:
    fake_engine.registry.add("library/thing:1")
    fake_engine.pull("library/thing:1", 1)
    assert fake_engine.image("library/thing:1").tags == ("library/thing:1",)
    with pytest.raises(ImageNotFound):
        fake_engine.pull("library/thing:2", 1)


def test_subnets_of_a_process_are_on_loopback_and_differ() -> None:
    subnets = loopback_subnets()
    first, second = next(subnets), next(subnets)
    assert first != second
    assert first.startswith("127.")
    assert first.endswith(".0/24")
