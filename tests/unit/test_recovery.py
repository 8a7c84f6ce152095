"""A dead runner: whichever step it died before, visitors are served and any command mends it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from dokkupy import building, formation, git, pipeline, power, recovery
from dokkupy.errors import DeployFailed, DokkupyError, EngineError, ProxyRefused
from dokkupy.locks import app_lock
from dokkupy.names import AppName
from dokkupy.operations import apps
from dokkupy.report import Report
from dokkupy.scheduler_docker import PURPOSE
from dokkupy.store import RolloutState
from dokkupy.testing.program import Program
from dokkupy.types import Line

from .mortal import Death, Fatal, Life, after, before, before_step, living

if TYPE_CHECKING:
    from tests.unit.shop import Shop

MAIN = f"{git.BRANCHES}main"
BLOG = AppName("blog")

SERVES = {
    RolloutState.STAGING: "one",
    RolloutState.STAGED: "one",
    RolloutState.CHECKED: "one",
    RolloutState.SWITCHED: "two",
    RolloutState.SETTLED: "two",
    RolloutState.DRAINED: "two",
    RolloutState.RETIRED: "two",
    RolloutState.UNDOING: "one",
    RolloutState.FAILED: "one",
}
"""What is served in the end when the runner died with this state written."""


def first_push(shop: Shop) -> None:
    """Have version one, pushed to main, with a worker."""
    shop.push(web="one", worker=Program())
    shop.scale(worker=1)


def push_two(shop: Shop, fatal: Fatal, *, silent: bool = False) -> Life:
    """Push version two by a runner that may die, or that finds it silent on probation."""
    paths = shop.platform.paths
    old = git.current(paths, shop.name, MAIN)
    new = shop.source({"web": "two", "worker": Program()})
    repository = git.repository(paths, shop.name)
    subprocess.run(["git", f"--git-dir={repository}", "update-ref", MAIN, old], check=True)
    with living(shop, fatal) as (platform, life):
        if silent:
            shop.listen(platform, check_deploy=shop.mute)
        try:
            pipeline.push(platform, shop.told.append, app=shop.name, ref=MAIN, old=old, new=new)
        except Death:
            assert life.dead
        except DeployFailed:
            assert silent
        shop.unmute()
    return life


def mend(shop: Shop) -> None:
    recovery.recover_all(shop.platform, Report(shop.told.append))


def main_revision(shop: Shop) -> str:
    return git.current(shop.platform.paths, shop.name, MAIN)


def assert_mended(shop: Shop, serves: str) -> None:
    """Fail unless one version serves in every table and place, and its branch is where it is."""
    number = {"one": 1, "two": 2}[serves]
    shop.assert_serves(serves, [f"web.1 of {number}", f"worker.1 of {number}"])
    assert shop.releases()[0] == (1, "live" if serves == "one" else "superseded")
    assert shop.releases()[1:] in ([], [(2, "live" if serves == "two" else "failed")])
    assert main_revision(shop) == shop.store.releases.get(shop.name, number).revision


def ends_in_failure(state: RolloutState) -> bool:
    return state in (RolloutState.UNDOING, RolloutState.FAILED)


@pytest.mark.parametrize("moment", [before, after])
@pytest.mark.parametrize("state", RolloutState)
def test_a_runner_may_die_at_any_state(
    shop: Shop, state: RolloutState, moment: Callable[[RolloutState], Fatal]
) -> None:
    if state is RolloutState.STAGING:  # it is written by the row's own beginning
        moment = lambda _: lambda step: step == "create"  # noqa: E731
    first_push(shop)
    life = push_two(shop, moment(state), silent=ends_in_failure(state))
    assert life.dead or (moment is after and state in (RolloutState.RETIRED, RolloutState.FAILED))
    left = [row.state for row in shop.store.rollouts.unfinished()]
    if moment is after and left:
        assert left == [state]
    written = left[0] if left else state
    assert shop.visit() in ((200, "one"), (200, "two"))
    mend(shop)
    assert_mended(shop, SERVES[written])


def test_every_state_tells_what_is_served_when_a_runner_dies_with_it_written() -> None:
    assert SERVES.keys() == set(RolloutState)
    assert {state for state in RolloutState if state.serves_new} == {
        state for state, served in SERVES.items() if served == "two"
    }


@pytest.mark.slow
@pytest.mark.parametrize("silent", [False, True], ids=["good push", "push that falls silent"])
def test_a_runner_may_die_before_any_step(
    shop: Shop, silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_push(shop)
    number, life = 0, None
    while life is None or life.dead:
        life = push_two(shop, before_step(number), silent=silent)
        states = [row.state for row in shop.store.rollouts.unfinished()]
        live = shop.store.releases.live(shop.name)
        assert live is not None
        serves_new = states[0].serves_new if states else shop.visit() == (200, "two")
        assert shop.visit() in ((200, "one"), (200, "two")), life.steps
        mend(shop)
        assert shop.visit() == (200, "two" if serves_new else "one"), life.steps
        shop.assert_at_rest()
        if shop.visit() == (200, "two"):
            shop.push(web="one", worker=Program())
        number += 1
    assert number > 30


@pytest.mark.slow
@pytest.mark.parametrize("state", [s for s in RolloutState if s.value not in ("retired", "failed")])
def test_who_mends_may_die_before_any_step_too(shop: Shop, state: RolloutState) -> None:
    moment: Fatal = after(state)
    if state is RolloutState.STAGING:
        moment = before(RolloutState.STAGED)
    number, life = 0, None
    while life is None or life.dead:
        first_push(shop)
        push_two(shop, moment, silent=ends_in_failure(state))
        with living(shop, before_step(number)) as (platform, life):
            try:
                recovery.recover_all(platform, Report(shop.told.append))
            except Death:
                assert life.dead
        assert shop.visit() in ((200, "one"), (200, "two")), life.steps
        mend(shop)
        assert shop.visit() == (200, SERVES[state]), life.steps
        shop.assert_at_rest()
        number += 1
        moment = after(state) if state is not RolloutState.STAGING else before(RolloutState.STAGED)
    assert number > 3


# Who mends.


def leave(shop: Shop, state: RolloutState) -> None:
    """Leave a push of version two at a state."""
    first_push(shop)
    assert push_two(shop, after(state)).dead


def test_the_next_command_of_the_same_app_mends_first(shop: Shop) -> None:
    leave(shop, RolloutState.CHECKED)
    shop.restart("web")
    assert_mended(shop, "one")
    assert "Undoing release 2 of shop, left at checked." in shop.said("warning")


@pytest.mark.parametrize("state", [RolloutState.STAGED, RolloutState.SWITCHED])
def test_a_command_of_any_other_app_mends(shop: Shop, state: RolloutState) -> None:
    leave(shop, state)
    apps.create(shop.platform, BLOG)
    with pytest.raises(DokkupyError, match="blog has not been deployed yet"):
        formation.restart(shop.platform, shop.told.append, app=BLOG, processes=[])
    shop.proxy.applied[-1] = tuple(r for r in shop.proxy.applied[-1] if r.app == "shop")
    assert shop.store.rollouts.unfinished() == []
    assert shop.visit() == (200, SERVES[state])


def test_bringing_the_root_up_mends(shop: Shop) -> None:
    leave(shop, RolloutState.SETTLED)
    power.up(shop.platform, shop.told.append)
    assert_mended(shop, "two")


def test_an_app_that_somebody_is_at_work_on_is_left_to_them(shop: Shop) -> None:
    leave(shop, RolloutState.STAGED)
    rows = shop.store.rollouts.unfinished()
    mender = threading.Thread(target=mend, args=(shop,))
    with app_lock(shop.platform.paths, shop.name, what="push"):
        mender.start()
        mender.join()
        assert shop.store.rollouts.unfinished() == rows
    mend(shop)
    assert_mended(shop, "one")


# What is mended.


def test_what_staged_containers_printed_is_kept(shop: Shop) -> None:
    first_push(shop)
    shop.source({"web": Program(listen="0.0.0.0", line=("half way",)), "worker": Program()})
    with living(shop, before(RolloutState.SWITCHED)) as (platform, _), pytest.raises(Death):
        pipeline.deploy(platform, shop.told.append, app=shop.name, revision="main")
    mend(shop)
    log = recovery.failed_logs(shop.platform, shop.name) / "release-2-web.1.log"
    assert log.read_text() == "half way\n"
    assert log.parent.stat().st_mode & 0o77 == 0


def test_a_release_that_died_before_its_rollout_is_failed_and_its_task_removed(
    shop: Shop,
) -> None:
    first_push(shop)
    shop.source({"web": "two", "worker": Program(), "release": Program()})

    def fatal(step: str) -> bool:
        purposes = [container.labels[PURPOSE] for container in shop.containers()]
        return "release" in purposes and step != "start"

    deaths: list[str] = []
    with living(shop, fatal) as (platform, life):
        task = threading.Thread(target=end_task_when_it_runs, args=(shop,))
        task.start()
        try:
            pipeline.deploy(platform, shop.told.append, app=shop.name, revision="main")
        except Death as death:
            deaths.append(str(death))
        task.join()
    assert life.dead
    assert deaths
    assert [r.number for r in shop.store.releases.pending()] == [2]
    assert len(shop.containers()) == 3
    mend(shop)
    shop.assert_serves("one", ["web.1 of 1", "worker.1 of 1"])
    failed = shop.store.releases.get(shop.name, 2)
    assert (failed.state, failed.error) == ("failed", recovery.DIED)


def end_task_when_it_runs(shop: Shop) -> None:
    from dokkupy.testing.patience import eventually

    def running() -> str:
        found = [c for c in shop.containers() if c.labels[PURPOSE] == "release"]
        return found[0].id if found and found[0].state == "running" else ""

    shop.engine.crash(eventually(running))


@pytest.mark.parametrize(
    "state", [s for s in RolloutState if s.value not in ("staging", "retired", "failed", "undoing")]
)
def test_containers_that_have_vanished_hold_nothing_up(shop: Shop, state: RolloutState) -> None:
    leave(shop, state)
    for container in shop.containers():
        shop.engine.remove(container.id)
    mend(shop)
    assert shop.store.rollouts.unfinished() == []
    power.up(shop.platform, shop.told.append)
    assert shop.visit() == (200, SERVES[state])
    assert len(shop.containers()) == 2


@pytest.mark.parametrize("state", [RolloutState.STAGED, RolloutState.SWITCHED])
def test_a_missing_release_holds_nothing_up(shop: Shop, state: RolloutState) -> None:
    leave(shop, state)
    with shop.store.write() as connection:
        connection.execute("DELETE FROM releases WHERE number = 2")
    mend(shop)
    assert shop.store.rollouts.unfinished() == []
    assert shop.visit() == (200, SERVES[state])


def test_a_branch_that_has_moved_on_holds_nothing_up(shop: Shop) -> None:
    leave(shop, RolloutState.SWITCHED)
    elsewhere = shop.source({"web": "elsewhere"})
    mend(shop)
    assert any("main could not be moved" in text for text in shop.said("warning"))
    shop.assert_serves("two", ["web.1 of 2", "worker.1 of 2"])
    assert main_revision(shop) == elsewhere


def test_a_proxy_that_refuses_is_told_and_asked_again_at_the_next_command(shop: Shop) -> None:
    leave(shop, RolloutState.SWITCHED)
    shop.proxy.refused.add("shop")
    mend(shop)
    assert any(text.startswith("That has to wait: ") for text in shop.said("warning"))
    assert [row.state for row in shop.store.rollouts.unfinished()] != []
    assert shop.visit() in ((200, "one"), (200, "two"))
    shop.proxy.refused.clear()
    mend(shop)
    assert_mended(shop, "two")


def test_the_way_back_is_open_whatever_the_proxy_refuses_of_the_app(shop: Shop) -> None:
    first_push(shop)
    push_two(shop, after(RolloutState.UNDOING), silent=True)
    shop.proxy.refused.add("shop")
    mend(shop)
    assert_mended(shop, "one")


def test_a_plugin_that_fails_at_the_switch_leaves_nothing_behind(shop: Shop) -> None:
    first_push(shop)

    def fail() -> None:
        raise RuntimeError("no more hosts")

    shop.listen(check_deploy=lambda: shop.listen(vhosts=fail))
    with pytest.raises(DokkupyError, match="hook vhosts, failed: RuntimeError: no more hosts"):
        shop.push(web="two", worker=Program())
    assert shop.store.rollouts.unfinished() == []
    assert shop.visit() == (200, "one")
    assert len(shop.containers()) == 2


def test_what_cannot_be_mended_of_one_app_stops_no_other(shop: Shop) -> None:
    leave(shop, RolloutState.SWITCHED)
    shop.proxy.refused.add("shop")
    apps.create(shop.platform, BLOG)
    told: list[Line] = []
    with pytest.raises(DokkupyError, match="blog has not been deployed yet"):
        formation.restart(shop.platform, told.append, app=BLOG, processes=[])
    assert any(line.text.startswith("That has to wait") for line in told)


def test_a_way_back_that_the_proxy_refuses_is_walked_later(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_push(shop)

    def mute_and_refuse() -> None:
        shop.mute()
        apply = shop.proxy.apply
        calls = iter([apply])

        def once(*args: Any, **kwargs: Any) -> int:
            allowed = next(calls, None)
            if allowed is None:
                raise ProxyRefused("The proxy has no memory left.", app="shop")
            return allowed(*args, **kwargs)

        monkeypatch.setattr(shop.proxy, "apply", once)

    shop.listen(check_deploy=mute_and_refuse)
    with pytest.raises(DeployFailed, match="got no HTTP answer"):  # the first cause, not the last
        shop.push(web="two", worker=Program())
    assert any("The proxy has no memory left." in text for text in shop.said("warning"))
    shop.unmute()
    # The new containers have the traffic still, so they are there still.
    assert shop.visit() == (200, "two")
    with pytest.raises(DeployFailed, match="ended with exit code 1"):
        shop.push(web=Program(exits=1), worker=Program())
    assert shop.visit() == (200, "two")
    monkeypatch.undo()
    mend(shop)
    shop.assert_serves("one", ["web.1 of 1", "worker.1 of 1"])


def test_an_engine_that_goes_down_during_a_deploy_is_told_and_mended_after(shop: Shop) -> None:
    first_push(shop)

    def go_down() -> None:
        shop.engine.down = True

    shop.listen(check_deploy=go_down)
    with pytest.raises(EngineError, match="does not answer"):
        shop.push(web="two", worker=Program())
    assert shop.visit() == (200, "one")
    assert any("any later command tries again" in text for text in shop.said("warning"))
    shop.engine.down = False
    mend(shop)
    shop.assert_serves("one", ["web.1 of 1", "worker.1 of 1"])


def test_sources_that_a_dead_runner_left_are_removed_whoever_mends(shop: Shop) -> None:
    run = shop.platform.paths.run
    for name in ("source-shop-abcd_123", "source-shop-2-abcd_123", "source-blog-ab", "other"):
        (run / name / "tree").mkdir(parents=True)
    mender = threading.Thread(target=mend, args=(shop,))
    with app_lock(shop.platform.paths, BLOG, what="push"):
        mender.start()
        mender.join()
    assert sorted(folder.name for folder in run.iterdir()) == ["other", "source-blog-ab"]


def test_a_source_that_somebody_looks_into_is_left_to_them(shop: Shop) -> None:
    revision = shop.source({"web": "one"})
    with building.exported(shop.platform, shop.name, revision, "a plan") as source:
        mend(shop)
        assert (source.path / "Procfile").is_file()
    assert list(shop.platform.paths.run.iterdir()) == []
