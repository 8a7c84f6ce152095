"""A push that succeeds, on the fakes, which really listen and really forward."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from dokkupy import git, pipeline
from dokkupy.errors import (
    DeployFailed,
    UsageError,
)
from dokkupy.names import ProcessName
from dokkupy.testing.program import Program
from dokkupy.types import Scale

if TYPE_CHECKING:
    from tests.unit.shop import Shop

WEB, WORKER = ProcessName("web"), ProcessName("worker")
WORKS = Program(line=("at work",))
DIES = Program(line=("no database",), exits=3)


def test_a_first_push_serves_and_is_written_down(shop: Shop) -> None:
    assert shop.visit()[0] == 404
    done = shop.push(web="one")
    assert (done.app, done.release) == ("shop", 1)
    assert done.urls == (f"http://shop.example.test:{shop.proxy.status().http_port}",)
    assert shop.visit() == (200, "one")
    assert shop.running() == ["web.1 of 1"]
    assert shop.releases() == [(1, "live")]
    assert shop.said()[-1] == done.text()
    shop.assert_at_rest()


def test_a_second_push_replaces_the_first(shop: Shop) -> None:
    shop.push(web="one", worker=WORKS)
    shop.push(web="two", worker=WORKS)
    assert shop.visit() == (200, "two")
    assert shop.running() == ["web.1 of 2"]
    assert shop.releases() == [(1, "superseded"), (2, "live")]
    shop.assert_at_rest()


def test_a_release_holds_what_it_was_made_of(shop: Shop) -> None:
    shop.store.config.change(shop.name, {"A": "1"})
    revision = shop.source({"web": "one", "release": Program(exits=0), "worker": WORKS})
    shop.deploy()
    release = shop.store.releases.get(shop.name, 1)
    assert release.revision == revision
    assert release.builder == "stand-in"
    assert release.description == "deploy of main"
    assert release.actor == "test"
    assert [(p.name, p.port) for p in release.processes] == [("web", 5000), ("worker", None)]
    assert release.config == {"A": "1"}
    assert release.env == {"A": "1", "DOKKUPY_APP": "shop"}
    tagged = shop.engine.image(f"dokkupy-{shop.platform.root_id}/shop:release-1")
    assert tagged.id == release.image


def test_the_ledger_tells_the_time_of_each_step(shop: Shop) -> None:
    shop.push(web="one", release=Program(exits=0))
    steps = shop.store.releases.steps(shop.name, 1)
    assert [step.name for step in steps] == [
        "build",
        "release task",
        "stage",
        "check",
        "switch",
        "probation",
        "drain and retire",
    ]


def test_containers_get_environment_limits_and_labels(shop: Shop) -> None:
    shop.store.config.change("", {"G": "global", "A": "global"})
    shop.store.config.change(shop.name, {"A": "app"})
    shop.store.formation.set(shop.name, {WEB: Scale(quantity=1, memory=2**26, cpus=1.5, pids=99)})
    keys = ("G", "A", "PORT", "DOKKUPY_APP", "DOKKUPY_PROCESS", "DOKKUPY_RELEASE")
    shop.push(web=Program(show=keys, listen="0.0.0.0"))
    [container] = shop.containers()
    assert list(shop.engine.logs(container.id)) == [
        b"G=global",
        b"A=app",
        b"PORT=5000",
        b"DOKKUPY_APP=shop",
        b"DOKKUPY_PROCESS=web.1",
        b"DOKKUPY_RELEASE=1",
    ]
    assert (container.memory, container.cpus, container.pids) == (2**26, 1.5, 99)
    assert container.labels["dokkupy.root"] == shop.platform.root_id


def test_the_formation_outlives_deploys(shop: Shop) -> None:
    shop.store.formation.set(shop.name, {WEB: Scale(quantity=2), WORKER: Scale(quantity=1)})
    shop.push(web="one", worker=WORKS)
    shop.push(web="two", worker=WORKS)
    assert shop.running() == ["web.1 of 2", "web.2 of 2", "worker.1 of 2"]
    shop.assert_at_rest()


def test_a_process_that_left_the_procfile_is_retired(shop: Shop) -> None:
    shop.store.formation.set(shop.name, {WORKER: Scale(quantity=1)})
    shop.push(web="one", worker=WORKS)
    shop.push(web="two")
    assert shop.running() == ["web.1 of 2"]
    shop.assert_at_rest()


HOOKS = ("pre_build", "post_build", "pre_deploy", "check_deploy", "post_deploy", "deploy_failed")


def test_plugins_are_told_of_each_stage_of_the_way(shop: Shop) -> None:
    told: list[str] = []

    def note(hook: str) -> Callable[[], None]:
        return lambda: told.append(hook)

    shop.listen(**{hook: note(hook) for hook in HOOKS})
    shop.push(web="one")
    assert told == ["pre_build", "post_build", "pre_deploy", "check_deploy", "post_deploy"]
    told.clear()
    with pytest.raises(DeployFailed):
        shop.push(web=DIES)
    assert told == ["pre_build", "post_build", "pre_deploy", "deploy_failed"]


# The release task.


def test_a_release_task_runs_once_in_the_new_image_before_the_switch(shop: Shop) -> None:
    shop.push(web="one")
    shop.store.config.change(shop.name, {"A": "1"})
    shop.push(web="two", release=Program(line=("migrating",), show=("A",), exits=0))
    assert shop.said("output")[-2:] == ["migrating", "A=1"]
    told = [line.text for line in shop.told]
    switched = next(n for n, text in enumerate(told) if text.startswith("Release 2 has the"))
    assert told.index("migrating") < switched
    assert shop.visit() == (200, "two")
    shop.assert_at_rest()


def test_a_release_task_that_fails_fails_the_push_before_anything_is_staged(shop: Shop) -> None:
    shop.push(web="one")
    with pytest.raises(DeployFailed, match="ended with exit code 5") as error:
        shop.push(web="two", release=Program(line=("no table",), exits=5))
    assert "push again" in error.value.hint
    shop.assert_serves("one", ["web.1 of 1"])
    assert shop.releases() == [(1, "live"), (2, "failed")]
    assert [s.name for s in shop.store.releases.steps(shop.name, 2)] == ["build", "release task"]


# The branch moves with the traffic.


def push_main(shop: Shop, web: str | Program) -> str:
    """Push as git does: the branch stays where it was until the deploy has succeeded."""
    ref = f"{git.BRANCHES}main"
    old = git.current(shop.platform.paths, shop.name, ref)
    new = shop.source({"web": web})
    repository = git.repository(shop.platform.paths, shop.name)
    arguments = ["update-ref", ref, old] if old != git.ABSENT else ["update-ref", "-d", ref]
    subprocess.run(["git", f"--git-dir={repository}", *arguments], check=True)
    pipeline.push(shop.platform, shop.told.append, app=shop.name, ref=ref, old=old, new=new)
    return new


def main_of(shop: Shop) -> str:
    return git.current(shop.platform.paths, shop.name, f"{git.BRANCHES}main")


def test_a_pushed_branch_moves_when_its_release_has_the_traffic(shop: Shop) -> None:
    first = push_main(shop, "one")
    assert main_of(shop) == first
    assert shop.store.releases.get(shop.name, 1).description == "push of main"
    second = push_main(shop, "two")
    assert main_of(shop) == second
    shop.assert_at_rest()


def test_a_pushed_branch_stays_when_its_release_fails(shop: Shop) -> None:
    first = push_main(shop, "one")
    with pytest.raises(DeployFailed):
        push_main(shop, DIES)
    assert main_of(shop) == first


# The port.


def test_the_port_is_the_one_that_config_gives(shop: Shop) -> None:
    shop.store.config.change(shop.name, {"PORT": "8080"})
    shop.push(web=Program(listen="0.0.0.0", body="one", show=("PORT",)))
    assert shop.visit() == (200, "one")
    [[route]] = [shop.proxy.applied[-1]]
    assert [endpoint.port for endpoint in route.endpoints] == [8080]


def test_a_port_that_is_taken_back_is_the_images_again(shop: Shop) -> None:
    shop.push(web="one")
    shop.set_config({"PORT": "8080"})
    assert shop.ports() == [8080]
    shop.set_config({}, ["PORT"])
    assert shop.ports() == [5000]
    shop.roll_back(2, keep_config=True)
    assert shop.ports() == [5000]
    shop.roll_back(2)
    assert shop.ports() == [8080]
    shop.assert_at_rest()


@pytest.mark.parametrize("port", ["0", "65536", "http", "", "-1", "8080 ", "\u00b2", "00000180000"])
def test_a_port_that_is_none_is_refused_before_anything_starts(shop: Shop, port: str) -> None:
    shop.push(web="one")
    with pytest.raises(UsageError, match="PORT is set to"):
        shop.set_config({"PORT": port})
    shop.assert_serves("one", ["web.1 of 1"])
    assert shop.store.config.get(shop.name) == {}
