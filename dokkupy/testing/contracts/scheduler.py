"""The contract of a scheduler."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from dokkupy.errors import DeployFailed, ImageNotFound
from dokkupy.names import AppName, ProcessName
from dokkupy.scheduler import OneOff, Placed, Placement, Scheduler
from dokkupy.testing.capability import Contract
from dokkupy.testing.patience import eventually
from dokkupy.testing.probes import typed_stdin, visit
from dokkupy.testing.program import Program
from dokkupy.types import Environment, ProcessType, Release, Scale

PORT: Final = 5000
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - inside a container
MISSING: Final = "no-such-thing-7d3f"
SCALE: Final = Scale(quantity=1, memory=64 * 1024 * 1024, pids=64)
SERVES: Final = Program(listen=EVERYWHERE, body="here")
LASTS: Final = Program()

_instances = itertools.count(1)


class SchedulerContract(Contract):
    """Subclass it with the fixtures `scheduler` and `image`, and `app` if another one exists."""

    suite = "scheduler"

    @pytest.fixture
    def scheduler(self) -> Scheduler:
        """Give the scheduler under test, which has placed nothing yet."""
        raise NotImplementedError

    @pytest.fixture
    def image(self) -> str:
        """Give the id or name of an image that can run a `Program` and belongs to no app."""
        raise NotImplementedError

    @pytest.fixture
    def app(self) -> AppName:
        """Give the name of an app that exists."""
        return AppName("contract-app")

    @pytest.fixture
    def release(self, image: str, app: AppName) -> Release:
        """Give the release whose containers are placed."""
        return Release(
            app=app,
            number=3,
            image=image,
            revision="0" * 40,
            builder="contract",
            processes=(),
            env=Environment(GREETING="hello from the release", KEPT="kept"),
            config=Environment(),
            description="a test",
            actor="test",
            created_at=0.0,
        )

    # Staging.

    def test_has_a_name(self, scheduler: Scheduler) -> None:
        assert scheduler.name

    def test_staged_container_answers_at_its_endpoint(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        placed = stage(scheduler, release, SERVES, port=PORT)
        assert placed.endpoint is not None
        assert placed.endpoint.port == PORT
        assert eventually(lambda: visit(f"http://{placed.endpoint}/")) == (200, "here")
        status = scheduler.status(placed.reference)
        assert (status.state, status.started_at > 0) == ("running", True)

    def test_process_without_port_has_no_endpoint(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        assert stage(scheduler, release, LASTS, process="worker").endpoint is None

    def test_containers_of_one_process_have_endpoints_of_their_own(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        first = stage(scheduler, release, SERVES, port=PORT)
        second = stage(scheduler, release, SERVES, port=PORT, ordinal=2)
        assert first.endpoint != second.endpoint
        assert first.reference != second.reference

    def test_next_generation_stands_beside_the_one_before(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        before = stage(scheduler, release, SERVES, port=PORT)
        after = stage(scheduler, release, SERVES, port=PORT)
        assert eventually(lambda: visit(f"http://{after.endpoint}/")) == (200, "here")
        assert eventually(lambda: visit(f"http://{before.endpoint}/")) == (200, "here")

    def test_container_gets_the_environment_of_its_release_and_its_port(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        shown = Program(show=("GREETING", "PORT", "DOKKUPY_PROCESS", "DOKKUPY_RELEASE"), exits=0)
        placed = stage(scheduler, release, shown, port=PORT, ordinal=2)
        assert list(scheduler.logs(placed.reference, follow=True)) == [
            b"GREETING=hello from the release",
            b"PORT=5000",
            b"DOKKUPY_PROCESS=web.2",
            b"DOKKUPY_RELEASE=3",
        ]

    def test_missing_image_stages_nothing(
        self, scheduler: Scheduler, release: Release, app: AppName
    ) -> None:
        with pytest.raises(ImageNotFound, match=MISSING):
            stage(scheduler, replace(release, image=f"{MISSING}:1"), LASTS)
        assert scheduler.orphans(app, []) == []

    def test_log_can_be_limited_to_what_is_new(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        placed = stage(scheduler, release, Program(line=("printed",), exits=0))
        assert scheduler.wait_ended([placed.reference], 20) == placed.reference
        began = scheduler.status(placed.reference).started_at
        assert list(scheduler.logs(placed.reference, since=began - 1)) == [b"printed"]
        assert list(scheduler.logs(placed.reference, since=began + 60)) == []

    # Watching.

    def test_ended_container_keeps_exit_code_and_log(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        placed = stage(scheduler, release, Program(line=("no database",), exits=7))
        assert scheduler.wait_ended([placed.reference], 20) == placed.reference
        status = scheduler.status(placed.reference)
        assert (status.state, status.exit_code, status.oom_killed) == ("ended", 7, False)
        assert list(scheduler.logs(placed.reference)) == [b"no database"]

    def test_container_killed_for_memory_is_told_apart(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        placed = stage(scheduler, release, Program(hog=True))
        assert scheduler.wait_ended([placed.reference], 30) == placed.reference
        assert scheduler.status(placed.reference).oom_killed

    def test_staged_container_is_not_restarted(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        placed = stage(scheduler, release, Program(line=("up",), exits=1))
        assert scheduler.wait_ended([placed.reference], 20) == placed.reference
        began = scheduler.status(placed.reference).started_at
        assert scheduler.wait_ended([placed.reference], 0.5) == placed.reference
        assert scheduler.status(placed.reference).started_at == began

    def test_what_does_not_exist_is_gone(self, scheduler: Scheduler) -> None:
        assert scheduler.status(MISSING).state == "gone"
        assert scheduler.wait_ended([MISSING], 5) == MISSING

    def test_waiting_ends_with_its_timeout(self, scheduler: Scheduler, release: Release) -> None:
        placed = stage(scheduler, release, LASTS)
        assert scheduler.wait_ended([placed.reference], 0.2) is None

    def test_looking_inside_shows_what_listens(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        placed = stage(scheduler, release, Program(listen="127.0.0.1", port=3000), port=PORT)
        assert [
            (listener.address, listener.port)
            for listener in eventually(
                lambda: scheduler.status(placed.reference, look_inside=True).listeners
            )
        ] == [("127.0.0.1", 3000)]

    def test_log_can_be_limited_to_its_end(self, scheduler: Scheduler, release: Release) -> None:
        placed = stage(scheduler, release, Program(line=("one", "two", "three"), exits=0))
        scheduler.wait_ended([placed.reference], 20)
        assert list(scheduler.logs(placed.reference, tail=1)) == [b"three"]

    # Promoting, pausing, retiring.

    def test_promoted_container_is_restarted_at_its_endpoint(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        placed = stage(scheduler, release, Program(listen=EVERYWHERE, exits=1, after=2), port=PORT)
        began = scheduler.status(placed.reference).started_at
        scheduler.promote(placed.reference)
        eventually(lambda: scheduler.status(placed.reference).started_at > began)
        assert eventually(lambda: visit(f"http://{placed.endpoint}/")) == (200, "")

    def test_paused_container_comes_back_at_its_endpoint(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        placed = stage(scheduler, release, SERVES, port=PORT)
        scheduler.promote(placed.reference)
        scheduler.pause(placed.reference, 1)
        assert scheduler.status(placed.reference).state == "ended"
        assert scheduler.resume(placed.reference)
        assert eventually(lambda: visit(f"http://{placed.endpoint}/")) == (200, "here")

    def test_resuming_what_runs_changes_nothing(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        placed = stage(scheduler, release, SERVES, port=PORT)
        began = scheduler.status(placed.reference).started_at
        assert scheduler.resume(placed.reference)
        assert scheduler.status(placed.reference).started_at == began

    def test_retired_container_is_gone_for_good(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        placed = stage(scheduler, release, SERVES, port=PORT)
        scheduler.promote(placed.reference)
        scheduler.retire(placed.reference, 1)
        assert scheduler.status(placed.reference).state == "gone"
        assert not scheduler.resume(placed.reference)

    def test_container_that_does_not_listen_is_retired_all_the_same(
        self, scheduler: Scheduler, release: Release
    ) -> None:
        placed = stage(scheduler, release, Program(stubborn=True))
        scheduler.retire(placed.reference, 0.5)
        assert scheduler.status(placed.reference).state == "gone"

    def test_pausing_and_retiring_what_does_not_exist_is_fine(self, scheduler: Scheduler) -> None:
        scheduler.pause(MISSING, 1)
        scheduler.retire(MISSING, 1)

    # One-off commands.

    def test_run_gives_the_output_of_a_command(
        self, scheduler: Scheduler, release: Release, app: AppName
    ) -> None:
        program = Program(line=("migrating", "done"), show=("GREETING", "KEPT"), exits=0)
        one_off = once(release, program, env={"GREETING": "hello from the command"})
        assert list(scheduler.run(one_off)) == [
            b"migrating",
            b"done",
            b"GREETING=hello from the command",
            b"KEPT=kept",
        ]
        assert scheduler.orphans(app, []) == []

    def test_run_fails_with_its_command(
        self, scheduler: Scheduler, release: Release, app: AppName
    ) -> None:
        told: list[bytes] = []
        with pytest.raises(DeployFailed, match="3") as caught:
            told.extend(scheduler.run(once(release, Program(line=("no table",), exits=3))))
        assert caught.value.hint
        assert scheduler.orphans(app, []) == []

    def test_run_that_is_given_up_leaves_nothing(
        self, scheduler: Scheduler, release: Release, app: AppName
    ) -> None:
        output = scheduler.run(once(release, Program(line=("started",))))
        assert next(iter(output)) == b"started"
        output.close()  # type: ignore[attr-defined]
        assert scheduler.orphans(app, []) == []

    def test_attached_command_talks_to_this_process(
        self, scheduler: Scheduler, release: Release, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with typed_stdin("typed\n"):
            assert scheduler.attach(once(release, Program(echo=True, exits=5), person=True)) == 5
        assert capfd.readouterr().out == "typed\n"

    def test_detached_command_goes_on_by_itself_until_it_is_retired(
        self, scheduler: Scheduler, release: Release, app: AppName
    ) -> None:
        program = Program(line=("at it",), show=("KEPT",))
        placed = scheduler.detach(replace(once(release, program, person=True), actor="ann", ttl=60))
        assert (placed.app, placed.release, placed.actor) == (app, 3, "ann")
        assert placed.state == "running"
        assert placed.started_at > 0
        assert 0 < placed.until - placed.started_at <= 61
        output = scheduler.logs(placed.reference, follow=True)
        assert [next(output), next(output)] == [b"at it", b"KEPT=kept"]
        assert scheduler.one_offs(app) == [placed]
        assert scheduler.one_offs(AppName("contract-other")) == []
        assert scheduler.orphans(app, []) == []
        scheduler.retire(placed.reference, 5)
        assert scheduler.one_offs() == []

    def test_detached_command_that_ended_keeps_exit_code_and_log(
        self, scheduler: Scheduler, release: Release, app: AppName
    ) -> None:
        ended, lasting = Program(line=("done",), exits=7), Program()
        first, second = (
            scheduler.detach(replace(once(release, program, person=True), ttl=60))
            for program in (ended, lasting)
        )
        assert first.name != second.name
        assert scheduler.wait_ended([first.reference], 20) == first.reference
        states = {one.name: (one.state, one.exit_code) for one in scheduler.one_offs(app)}
        assert states[first.name] == ("ended", 7)
        assert states[second.name][0] == "running"
        assert list(scheduler.logs(first.reference)) == [b"done"]

    def test_entering_runs_a_command_inside(
        self, scheduler: Scheduler, release: Release, capfd: pytest.CaptureFixture[str]
    ) -> None:
        placed = stage(scheduler, release, LASTS)
        inside = Program(line=("inside",), exits=6).command
        with typed_stdin(""):
            assert scheduler.enter(placed.reference, inside, tty=False) == 6
        assert capfd.readouterr().out == "inside\n"

    # What is nobody's.

    def test_orphans_are_the_containers_that_nobody_knows(
        self, scheduler: Scheduler, release: Release, app: AppName
    ) -> None:
        known = stage(scheduler, release, LASTS).reference
        forgotten = stage(scheduler, release, LASTS).reference
        assert scheduler.orphans(app, [known]) == [forgotten]
        assert scheduler.orphans(AppName("contract-other"), []) == []

    def test_destroying_an_app_leaves_nothing_of_it(
        self, scheduler: Scheduler, release: Release, app: AppName
    ) -> None:
        running = stage(scheduler, release, LASTS).reference
        ended = stage(scheduler, release, Program(exits=0)).reference
        scheduler.destroy(app)
        assert [scheduler.status(reference).state for reference in (running, ended)] == [
            "gone",
            "gone",
        ]
        # The image was never the app's own.
        assert stage(scheduler, release, LASTS).reference


def stage(
    scheduler: Scheduler,
    release: Release,
    program: Program,
    *,
    process: str = "web",
    port: int | None = None,
    ordinal: int = 1,
) -> Placed:
    """Place one container that runs `program`."""
    process_type = ProcessType(name=ProcessName(process), command=program.command, port=port)
    return scheduler.stage(
        Placement(
            instance=next(_instances),
            release=release,
            process=process_type,
            ordinal=ordinal,
            scale=SCALE,
        )
    )


def once(
    release: Release,
    program: Program,
    *,
    env: Mapping[str, str] | None = None,
    person: bool = False,
) -> OneOff:
    """Return a command to run once, for the release or for a person."""
    return OneOff(
        release=release,
        command=program.command,
        env=Environment(env or {}),
        scale=SCALE,
        purpose="run" if person else "release",
    )
