"""The contract of a container engine."""

from __future__ import annotations

import io
import os
import tarfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dokkupy.engine import Engine, ImageBuild, Listener, NetworkSpec
from dokkupy.errors import (
    BuildFailed,
    Conflict,
    DokkupyError,
    EngineError,
    ImageNotFound,
    NotFound,
)
from dokkupy.testing.bench import Bench, private_subnets
from dokkupy.testing.patience import eventually
from dokkupy.testing.probes import typed_stdin, visit
from dokkupy.testing.program import Program

MISSING = "no-such-thing-7d3f"
FOREVER = Program()
EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside a container
HARD_VALUES = {
    "SPACES": " a  b ",
    "QUOTES": "'\"`",
    "LINES": "one\ntwo\n",
    "DOLLAR": "$HOME ${HOME} $$ \\$",
    "EQUALS": "a=b=c",
    "EMOJI": "🚢 ünïcode",
    "EMPTY": "",
    "LONG": "x" * 65536,
}


class EngineContract:
    """Subclass it with the fixtures `engine` and `image`, both of class scope."""

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Engine:
        """Give the engine under test."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        """Give the name of an image on it that can run a `Program`."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def subnets(cls) -> Iterable[str]:
        """Give subnets to choose from, such that the host reaches containers on them."""
        return private_subnets()

    @pytest.fixture(scope="class")
    @classmethod
    def bench(cls, engine: Engine, image: str, subnets: Iterable[str]) -> Iterator[Bench]:
        """Give a place for the containers of these tests."""
        bench = Bench(engine, image, subnets)
        yield bench
        bench.clear()

    @pytest.fixture
    def context(self, tmp_path: Path) -> Path:
        """Give an empty folder for a build."""
        folder = tmp_path / "context"
        folder.mkdir()
        return folder

    # The engine itself.

    def test_answers_with_its_version(self, engine: Engine) -> None:
        assert engine.ping()

    def test_says_of_everything_missing_that_it_is_not_found(self, engine: Engine) -> None:
        for ask in (
            lambda: engine.start(MISSING),
            lambda: engine.stop(MISSING, 1),
            lambda: engine.kill(MISSING),
            lambda: engine.set_restart_policy(MISSING, "no"),
            lambda: engine.inspect(MISSING),
            lambda: engine.listeners(MISSING),
            lambda: engine.attach(MISSING),
            lambda: engine.execute(MISSING, ["true"], interactive=False, tty=False),
            lambda: list(engine.logs(MISSING)),
        ):
            with pytest.raises(NotFound) as caught:
                ask()
            assert caught.value.hint

    def test_says_of_missing_images_that_they_are_not_found(self, engine: Engine) -> None:
        for ask in (
            lambda: engine.image(f"{MISSING}:1"),
            lambda: engine.tag(f"{MISSING}:1", "dokkupy-test/never:1"),
        ):
            with pytest.raises(ImageNotFound) as caught:
                ask()
            assert MISSING in caught.value.message

    def test_removing_what_is_missing_is_fine(self, engine: Engine) -> None:
        engine.remove(MISSING)
        engine.remove_image(f"{MISSING}:1")
        engine.remove_network(MISSING)

    # Networks.

    def test_network_is_made_once(self, engine: Engine, bench: Bench) -> None:
        engine.ensure_network(bench.network)
        assert engine.networks(bench.labels) == [bench.network.name]
        assert engine.subnets().count(bench.network.subnet) == 1

    def test_two_who_need_a_network_at_once_share_one(
        self, engine: Engine, bench: Bench, subnets: Iterable[str]
    ) -> None:
        spec = self._another_network(engine, bench, subnets)
        engine.remove_network(spec.name)
        problems: list[DokkupyError] = []

        def ensure() -> None:
            try:
                engine.ensure_network(spec)
            except DokkupyError as error:
                problems.append(error)

        threads = [threading.Thread(target=ensure) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        assert engine.networks({"dokkupy.test": spec.name}) == [spec.name]

    def test_network_of_another_subnet_is_a_conflict(
        self, engine: Engine, bench: Bench, subnets: Iterable[str]
    ) -> None:
        spec = self._another_network(engine, bench, subnets)
        with pytest.raises(Conflict, match=bench.network.name):
            engine.ensure_network(replace(spec, name=bench.network.name))

    def test_subnet_of_another_network_is_a_conflict(self, engine: Engine, bench: Bench) -> None:
        with pytest.raises(Conflict):
            engine.ensure_network(replace(bench.network, name=bench.name()))

    def test_network_in_use_stays(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(FOREVER)
        with pytest.raises(Conflict):
            engine.remove_network(bench.network.name)
        engine.remove(container)

    def _another_network(self, engine: Engine, bench: Bench, subnets: Iterable[str]) -> NetworkSpec:
        name = bench.name()
        labels = bench.labels | {"dokkupy.test": name}
        for subnet in subnets:
            gateway = subnet.replace(".0/24", ".1")
            spec = NetworkSpec(name=name, subnet=subnet, gateway=gateway, labels=labels)
            try:
                engine.ensure_network(spec)
            except Conflict:
                continue
            return spec
        raise AssertionError("no subnet is free")

    # Containers: create, start, end.

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

    # Containers: stop, kill, remove, restart.

    def test_stop_asks_before_it_kills(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(line=("up",)))
        self._is_up(engine, container)
        engine.stop(container, 10)
        info = engine.inspect(container)
        assert (info.state, info.exit_code) == ("exited", 143)

    def test_stop_kills_what_does_not_listen(self, engine: Engine, bench: Bench) -> None:
        container = bench.run(Program(line=("up",), stubborn=True))
        self._is_up(engine, container)
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
        self._is_up(engine, container)
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

    # Waiting.

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

    # Output.

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

    # Attaching.

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

    # Listeners.

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
        self._is_up(engine, running)
        assert engine.listeners(running) == []
        assert engine.listeners(engine.create(bench.spec(FOREVER))) == []

    # Images.

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
        image = engine.build(self._build(bench, context), _ignore)
        sizes = engine.own_sizes()
        assert 0 < sizes[image] <= engine.image(image).size
        assert engine.image(bench.image).id in sizes

    def test_image_says_when_it_was_made(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(f"FROM {bench.image}\nCOPY stamp /stamp\n")
        (context / "stamp").write_bytes(os.urandom(8))
        before = time.time()
        image = engine.build(self._build(bench, context), _ignore)
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

    # Builds.

    def test_build_makes_an_image_of_a_dockerfile(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(
            f"ARG BASE\nFROM {bench.image}\nENV GREETING=hello\nLABEL of=theirs\n"
            'EXPOSE 5000 80\nENTRYPOINT ["/bin/start"]\nCMD ["a", "b c"]\n'
        )
        image = engine.image(engine.build(self._build(bench, context), _ignore))
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
        engine.build(replace(self._build(bench, context), no_cache=True), lines.append)
        assert bench.word in lines

    def test_built_image_runs(self, engine: Engine, bench: Bench, context: Path) -> None:
        program = Program(line=("built",), exits=0)
        (context / "Dockerfile").write_text(program.dockerfile(bench.image))
        container = engine.create(
            bench.spec(image=engine.build(self._build(bench, context), _ignore))
        )
        engine.start(container)
        assert list(engine.logs(container, follow=True)) == [b"built"]

    def test_image_changes_with_what_is_copied_into_it(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(f"FROM {bench.image}\nRUN true\nCOPY a /a\n")
        (context / "a").write_text(f"{bench.word} 1")
        first = engine.build(self._build(bench, context), _ignore)
        again = engine.build(self._build(bench, context), _ignore)
        (context / "a").write_text(f"{bench.word} 2")
        changed = engine.build(self._build(bench, context), _ignore)
        assert first == again != changed

    def test_dockerfile_may_have_another_name(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "deploy").mkdir()
        (context / "deploy" / "web.docker").write_text(f'FROM {bench.image}\nCMD ["x"]\n')
        build = replace(self._build(bench, context), dockerfile="deploy/web.docker")
        assert engine.image(engine.build(build, _ignore)).command == ("x",)

    def test_failing_step_is_a_failed_build(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(
            f"FROM {bench.image}\nRUN echo the reason; exit 3\nRUN echo never\n"
        )
        lines: list[str] = []
        with pytest.raises(BuildFailed) as caught:
            engine.build(self._build(bench, context), lines.append)
        assert "returned a non-zero code: 3" in caught.value.message
        assert "the reason" in lines
        assert "never" not in lines

    def test_copying_what_is_not_there_is_a_failed_build(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(f"FROM {bench.image}\nRUN true\nCOPY nothing /a\n")
        with pytest.raises(BuildFailed, match="nothing"):
            engine.build(self._build(bench, context), _ignore)

    @pytest.mark.parametrize("steps", ["FROM {}\n", "FROM {}\nRUN true\n"])
    def test_missing_base_is_named(
        self, engine: Engine, bench: Bench, context: Path, steps: str
    ) -> None:
        (context / "Dockerfile").write_text(steps.format(f"127.0.0.1:9/{MISSING}:1"))
        with pytest.raises(ImageNotFound, match=MISSING) as caught:
            engine.build(self._build(bench, context), _ignore)
        assert MISSING in caught.value.hint

    def test_missing_image_to_copy_from_is_named(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(
            f"FROM {bench.image}\nRUN true\nCOPY --from=127.0.0.1:9/{MISSING}:1 /a /a\n"
        )
        with pytest.raises(ImageNotFound, match=MISSING):
            engine.build(self._build(bench, context), _ignore)

    @pytest.mark.parametrize("name", ["../Dockerfile", "/etc/hostname", "link", "missing"])
    def test_dockerfile_outside_of_the_context_is_refused(
        self, engine: Engine, bench: Bench, context: Path, name: str
    ) -> None:
        (context.parent / "Dockerfile").write_text(f"FROM {bench.image}\n")
        (context / "link").symlink_to("../Dockerfile")
        with pytest.raises(BuildFailed) as caught:
            engine.build(replace(self._build(bench, context), dockerfile=name), _ignore)
        assert caught.value.hint

    def test_argument_reaches_the_build(self, engine: Engine, bench: Bench, context: Path) -> None:
        (context / "Dockerfile").write_text(
            f"FROM {bench.image}\nARG WHO=nobody\nENV GREETED=$WHO\nLABEL who=$WHO\n"
        )
        build = replace(self._build(bench, context), args={"WHO": "world"})
        assert engine.image(engine.build(build, _ignore)).labels["who"] == "world"

    def test_mount_without_buildkit_is_refused(
        self, engine: Engine, bench: Bench, context: Path
    ) -> None:
        (context / "Dockerfile").write_text(
            f"FROM {bench.image}\nRUN --mount=type=cache,target=/c true\n"
        )
        with pytest.raises(BuildFailed, match="BuildKit"):
            engine.build(self._build(bench, context), _ignore)

    def _build(self, bench: Bench, context: Path) -> ImageBuild:
        return ImageBuild(
            context=context,
            dockerfile="Dockerfile",
            args={},
            labels=bench.labels,
            memory=256 * 1024**2,
            cpu_shares=512,
        )

    def _is_up(self, engine: Engine, container: str) -> None:
        """Wait for the line `up`: from then on a program handles its signals."""
        assert next(engine.logs(container, follow=True)) == b"up"


def _ignore(_: str) -> None:
    pass
