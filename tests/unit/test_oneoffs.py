"""Commands beside an app that nobody waits for: they end in time, whoever sees to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from dokkupy import jobs, oneoffs, power
from dokkupy.errors import Conflict, NotFound, UsageError
from dokkupy.moments import Duration
from dokkupy.operations import apps
from dokkupy.operations import run as operations
from dokkupy.operations.run import DetachedRun
from dokkupy.scheduler_docker import UNTIL
from dokkupy.testing.patience import eventually
from dokkupy.testing.program import Program
from dokkupy.types import ExitStatus

if TYPE_CHECKING:
    from dokkupy.paths import Paths
    from tests.unit.shop import Shop

Submitted = list[tuple[str, str, Mapping[str, Any]]]


@pytest.fixture
def guards(monkeypatch: pytest.MonkeyPatch) -> Submitted:
    """Collect the jobs that are started instead of starting them."""
    submitted: Submitted = []

    def submit(
        paths: Paths, kind: str, app: str, arguments: Mapping[str, object], *, actor: str = ""
    ) -> None:
        submitted.append((kind, app, dict(arguments)))

    monkeypatch.setattr(jobs, "submit", submit)
    return submitted


@pytest.fixture
def served(shop: Shop, guards: Submitted) -> Shop:
    shop.push(web="one")
    return shop


def detach(shop: Shop, program: Program, ttl: str = "1h") -> DetachedRun:
    shop.engine.program(program, matching="task")
    done = operations.command(
        shop.platform, shop.name, ["task", "two words"], detach=True, ttl=Duration.parse(ttl)
    )
    assert isinstance(done, DetachedRun)
    return done


def listed(shop: Shop) -> list[tuple[str, str]]:
    return [(one.name, one.state) for one in operations.list_(shop.platform, shop.name)]


def verbs(shop: Shop) -> list[str]:
    return [event.verb for event in shop.store.events.list() if event.verb.startswith("run")]


def test_a_detached_command_goes_on_beside_the_app(served: Shop, guards: Submitted) -> None:
    done = detach(served, Program(line=("at it",)))
    [one] = operations.list_(served.platform, served.name)
    assert (one.name, one.state, one.exit_code) == (done.name, "running", None)
    assert (one.command, one.actor, one.release) == ("task 'two words'", "test", 1)
    assert one.ends_at == done.ends_at == pytest.approx(time.time() + 3600, abs=30)
    assert done.name in done.text()
    logs = list(operations.logs(served.platform, served.name, done.name))
    assert [line.text for line in logs] == ["at it"]
    [(kind, app, arguments)] = guards
    assert (kind, app, arguments["name"]) == ("guard", "shop", done.name)
    assert served.running() == ["web.1 of 1"]
    assert served.visit() == (200, "one")


def test_a_deploy_leaves_a_detached_command_alone(served: Shop) -> None:
    done = detach(served, Program())
    served.push(web="two")
    assert listed(served) == [(done.name, "running")]


def test_an_ended_command_is_kept_with_exit_code_and_output_until_its_time_is_over(
    served: Shop,
) -> None:
    done = detach(served, Program(line=("done",), exits=7))
    [one] = operations.list_(served.platform, served.name)
    assert (one.state, one.exit_code) == ("ended", 7)
    expire(served, done)
    assert listed(served) == []
    with pytest.raises(NotFound, match="has no command run"):
        next(operations.logs(served.platform, served.name, done.name))


def expire(shop: Shop, run: DetachedRun) -> None:
    """Let the time of a command be over."""
    [one] = oneoffs.chosen(shop.platform, shop.name, [run.name])
    shop.engine.inspect(one.reference).labels[UNTIL] = str(time.time() - 1)  # type: ignore[index]


def guard(shop: Shop, arguments: Mapping[str, Any], **changes: object) -> None:
    oneoffs.guard(shop.platform, shop.told.append, app=shop.name, **{**arguments, **changes})


def test_the_guard_ends_a_command_whose_time_is_over(served: Shop, guards: Submitted) -> None:
    detach(served, Program())
    guard(served, guards[0][2], until=time.time())
    [one] = operations.list_(served.platform, served.name)
    assert (one.state, one.exit_code) == ("ended", 143)
    assert verbs(served) == ["run.started", "run.timed-out"]


def test_the_guard_notes_how_a_command_ended(served: Shop, guards: Submitted) -> None:
    detach(served, Program(exits=3))
    guard(served, guards[0][2])
    assert verbs(served) == ["run.started", "run.ended"]
    assert served.store.events.list()[-1].data["exit_code"] == 3


def test_the_guard_of_a_command_that_was_stopped_leaves(served: Shop, guards: Submitted) -> None:
    done = detach(served, Program())

    def watch() -> None:
        guard(served, guards[0][2])
        served.platform.close()

    thread = threading.Thread(target=watch)
    thread.start()
    operations.stop(served.platform, served.name, [done.name])
    thread.join(10)
    assert not thread.is_alive()
    assert listed(served) == []


def deploy(shop: Shop) -> None:
    shop.push(web="two")


def list_all(shop: Shop) -> None:
    operations.list_(shop.platform)


def up(shop: Shop) -> None:
    power.up(shop.platform, shop.told.append)


@pytest.mark.parametrize("command", [deploy, list_all, up])
def test_a_command_without_guard_is_ended_by_any_later_command(
    served: Shop, command: Callable[[Shop], None]
) -> None:
    expire(served, detach(served, Program()))
    command(served)
    assert served.platform.scheduler.one_offs() == []
    served.assert_at_rest()


def test_commands_are_stopped_by_name_or_all_of_an_app(served: Shop) -> None:
    first, second = detach(served, Program()), detach(served, Program(exits=0))
    assert first.name != second.name
    with pytest.raises(NotFound, match=r"no command run\.9999"):
        operations.stop(served.platform, served.name, [first.name, "run.9999"])
    assert len(listed(served)) == 2
    operations.stop(served.platform, served.name, [first.name])
    assert listed(served) == [(second.name, "ended")]
    operations.stop(served.platform, served.name, all=True)
    assert listed(served) == []
    served.assert_at_rest()
    for wrong in ({"names": ["run.1"], "all": True}, {}):
        with pytest.raises(UsageError, match="Name commands"):
            operations.stop(served.platform, served.name, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("ttl", ["0", "8d"])
def test_the_time_is_bounded(served: Shop, ttl: str) -> None:
    with pytest.raises(UsageError, match="is not between 1s and 7d"):
        detach(served, Program(), ttl)


def test_a_command_needs_a_release(shop: Shop) -> None:
    with pytest.raises(Conflict, match="not been deployed"):
        operations.command(shop.platform, shop.name, ["task"], detach=True)


def test_an_attached_command_is_listed_while_it_runs_and_ends_with_its_code(
    served: Shop, capfd: pytest.CaptureFixture[str]
) -> None:
    served.engine.program(Program(exits=4, after=0.3), matching="task")
    codes: list[object] = []

    def attached() -> None:
        codes.append(operations.command(served.platform, served.name, ["task"]))
        served.platform.close()

    thread = threading.Thread(target=attached)
    thread.start()
    eventually(lambda: listed(served) != [])
    [one] = operations.list_(served.platform)
    assert (one.app, one.state, one.ends_at) == ("shop", "running", None)
    thread.join()
    assert codes == [ExitStatus(code=4)]
    assert listed(served) == []


def test_a_destroyed_app_takes_its_commands_with_it(served: Shop) -> None:
    detach(served, Program())
    apps.destroy(served.platform, served.name)
    assert served.platform.scheduler.one_offs() == []
    assert served.store.database.rows("SELECT * FROM addresses") == []


def test_an_option_behind_the_app_is_no_command(served: Shop) -> None:
    with pytest.raises(UsageError, match="'-e' is no command") as caught:
        operations.command(served.platform, served.name, ["-e", "A=b", "env"])
    assert caught.value.hint == (
        f"Options stand before the app: dokkupy run -e … {served.name} COMMAND"
    )
