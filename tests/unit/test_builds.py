"""Builds as things of their own: numbered, tested, kept, deployed later, cancelled, forgotten."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dokkupy import builds, declared, forecast, housekeeping, pipeline, recovery, renaming
from dokkupy.addons import Addon
from dokkupy.engine import ContainerSpec
from dokkupy.errors import BuildFailed, Conflict, DeployFailed, NotFound, UsageError
from dokkupy.names import AppName
from dokkupy.operations import apps
from dokkupy.report import Report
from dokkupy.scheduler_docker import APP, PURPOSE, ROOT
from dokkupy.testing.engine_fake import BASE
from dokkupy.testing.program import Program
from dokkupy.testing.sources import commit
from dokkupy.types import BuildState, Environment, EnvLayer, Rank

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.asked import Asked
    from tests.unit.shop import Shop

PASSES = Program(line=("3 passed",), show=("CI", "SECRET", "ONLY_HERE"), exits=0)


def build(shop: Shop) -> int:
    return pipeline.build(shop.platform, shop.told.append, app=shop.name, revision="main")["build"]


def deploy_build(shop: Shop, number: int) -> int:
    return pipeline.deploy_build(
        shop.platform, shop.told.append, app=shop.name, number=number
    ).release


def states(shop: Shop) -> dict[int, str]:
    return {record.number: str(record.state) for record in shop.store.builds.list(shop.name)}


def test_a_push_leaves_a_build_that_says_what_came_of_it(shop: Shop) -> None:
    shop.push(web="one", release=Program(exits=0))
    [record] = shop.store.builds.list(shop.name)
    release = shop.store.releases.live(shop.name)
    assert release is not None
    assert (record.number, record.state) == (1, BuildState.BUILT)
    assert release.build == 1
    assert (record.image, record.processes) == (release.image, release.processes)
    assert record.release_task == release.release_task
    assert record.finished_at >= record.created_at
    told = [line.text for line in builds.log(shop.platform, shop.name, 1)]
    assert any("Building deploy of main" in line for line in told)
    assert builds.log_file(shop.platform, shop.name, 1).stat().st_mode & 0o777 == 0o600


def test_a_build_alone_changes_nothing_that_serves_and_can_be_deployed_later(shop: Shop) -> None:
    shop.push(web="one")
    shop.source({"web": "two"})
    number = build(shop)
    assert shop.visit() == (200, "one")
    assert shop.releases() == [(1, "live")]
    assert deploy_build(shop, number) == 2
    assert shop.visit() == (200, "two")
    live = shop.store.releases.live(shop.name)
    assert live is not None
    assert (live.build, live.description) == (2, "deploy of build 2")
    shop.assert_at_rest()


def test_a_build_keeps_its_image_while_later_deploys_come_and_go(shop: Shop) -> None:
    shop.platform.properties.set("releases", shop.name, "keep", "1")
    shop.source({"web": "kept"})
    number = build(shop)
    for text in "abc":
        shop.push(web=text)
    deploy_build(shop, number)
    assert shop.visit() == (200, "kept")


def test_what_failed_or_is_unknown_cannot_be_deployed(shop: Shop) -> None:
    shop.source({"web": "one", "test": Program(exits=1)})
    with pytest.raises(BuildFailed):
        build(shop)
    with pytest.raises(Conflict, match="Build 1 of shop is failed") as refused:
        deploy_build(shop, 1)
    assert "builds show shop 1" in refused.value.hint
    with pytest.raises(NotFound, match="no build 7"):
        deploy_build(shop, 7)


def test_red_tests_keep_a_push_from_being_released(shop: Shop) -> None:
    shop.push(web="one")
    with pytest.raises(BuildFailed, match="The tests failed") as failed:
        shop.push(web="two", test=Program(line=("1 failed",), exits=2))
    assert "builds set shop test false" in failed.value.hint
    assert shop.visit() == (200, "one")
    assert shop.releases() == [(1, "live")]
    assert states(shop) == {2: "failed", 1: "built"}
    assert "1 failed" in [line.text for line in builds.log(shop.platform, shop.name, 2)]
    shop.assert_at_rest()


def test_tests_that_somebody_switched_off_do_not_run(shop: Shop) -> None:
    shop.platform.properties.set("builds", shop.name, "test", "false")
    shop.push(web="one", test=Program(exits=1))
    assert shop.visit() == (200, "one")


def test_tests_get_an_environment_of_their_own_and_nothing_that_people_use(shop: Shop) -> None:
    layer = EnvLayer(rank=Rank.SERVICE, origin="db", values=Environment(SECRET="of the service"))
    shop.listen(env_compile=lambda: [layer])
    shop.store.config.change(shop.name, {"SECRET": "of the app"})
    shop.push(web="one", test=PASSES)
    printed = shop.said("output")
    assert {"3 passed", "CI=true", "SECRET="} <= set(printed)


def test_a_procfile_wins_over_the_tests_of_an_app_json(tmp_path: Path) -> None:
    document = {
        "scripts": {"test": "npm test"},
        "environments": {"test": {"env": {"ONLY_HERE": "yes"}}},
    }
    (tmp_path / "app.json").write_text(json.dumps(document))
    assert declared.read(tmp_path).test == "npm test"
    (tmp_path / "Procfile").write_text("web: a\ntest: make check\n")
    said = declared.read(tmp_path)
    assert (said.test, dict(said.test_env)) == ("make check", {"ONLY_HERE": "yes"})
    assert dict(said.lines) == {"web": "a"}


@pytest.mark.parametrize(
    "declares",
    [
        {"healthchecks": {"wbe": [{"path": "/up"}]}},
        {"scripts": {"test": "true"}, "environments": {"test": {"addons": ["kafka"]}}},
    ],
)
def test_a_plan_refuses_what_the_deploy_would(shop: Shop, declares: dict[str, object]) -> None:
    files = {"Dockerfile": f"FROM {BASE}\n", "Procfile": "web: serve\n"}
    commit(shop.platform, shop.name, {**files, "app.json": json.dumps(declares)})
    refusals = []
    for ask in (lambda: forecast.of(shop.platform, shop.name, revision="main"), shop.deploy):
        with pytest.raises(UsageError) as refused:
            ask()
        refusals.append((refused.value.message, refused.value.hint))
    assert refusals[0] == refusals[1]


def test_a_folder_of_the_repository_is_the_app(shop: Shop) -> None:
    files = {
        "Procfile": "clock: top\n",
        "site/Dockerfile": f"FROM {BASE}\n",
        "site/Procfile": "web: below\nworker: too\n",
    }
    commit(shop.platform, shop.name, files)
    shop.platform.properties.set("builds", shop.name, "build-dir", "site")
    planned = forecast.of(shop.platform, shop.name, revision="main")
    assert planned.start == ("web.1",)
    shop.deploy()
    [live] = shop.store.releases.list(shop.name)
    assert [(one.name, one.command[-1]) for one in live.processes] == [
        ("web", "below"),
        ("worker", "too"),
    ]
    shop.platform.properties.set("builds", shop.name, "build-dir", "gone")
    with pytest.raises(BuildFailed, match="no folder 'gone'") as refused:
        shop.deploy()
    assert refused.value.hint.endswith("dokkupy builds set shop build-dir PATH")


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"scripts": []},
        {"scripts": {"test": 3}},
        {"scripts": {"test": "echo \ud800"}},
        {"environments": {"test": {"env": {"A": "\ud800"}}}},
        {"environments": {"test": {"env": {"A-B": "x"}}}},
        {"environments": {"test": {"env": {"A": 1}}}},
        {"environments": {"test": []}},
        {"environments": {"test": {"addons": "postgres"}}},
        {"environments": {"test": {"addons": [3]}}},
        {"environments": {"test": {"addons": ["Postgres SQL"]}}},
        {"environments": {"test": {"addons": [{"as": "CACHE"}]}}},
        {"environments": {"test": {"addons": [{"plan": "redis", "as": "a b"}]}}},
        {"environments": {"test": {"addons": [{"plan": "redis", "options": []}]}}},
        {"environments": {"test": {"addons": [{"plan": "redis", "options": {"version": 7}}]}}},
        {"environments": {"test": {"addons": ["redis"] * 11}}},
    ],
)
def test_an_app_json_whose_tests_are_not_understood_is_refused(
    tmp_path: Path, document: object
) -> None:
    (tmp_path / "app.json").write_text(json.dumps(document))
    with pytest.raises(UsageError) as refused:
        declared.read(tmp_path)
    assert refused.value.hint


def test_the_addons_of_an_app_json_are_names_or_objects(tmp_path: Path) -> None:
    wanted = [
        "redis",
        "postgres:15",
        {"plan": "heroku-postgresql:in-dyno", "as": "STATS", "options": {"version": "16"}},
    ]
    document = {"environments": {"test": {"addons": wanted}}}
    (tmp_path / "app.json").write_text(json.dumps(document))
    assert declared.read(tmp_path).test_addons == (
        Addon(name="redis"),
        Addon(name="postgres", plan="15"),
        Addon(name="heroku-postgresql", plan="in-dyno", version="16", alias="STATS"),
    )


def test_tests_that_want_what_nobody_has_are_refused_before_a_build(shop: Shop) -> None:
    shop.push(web="one")
    built = [text for text in shop.said() if "Building" in text]
    shop.source({"web": "two", "test": PASSES}, addons=["kafka"])
    with pytest.raises(UsageError, match="the addon kafka") as refused:
        shop.deploy()
    assert "dokkupy plugin install kafka" in refused.value.hint
    assert [text for text in shop.said() if "Building" in text] == built
    assert shop.visit() == (200, "one")


def test_an_image_takes_along_what_its_source_declares(shop: Shop) -> None:
    shop.push(web="one", worker="two", release=Program(exits=0))
    live = shop.store.releases.live(shop.name)
    assert live is not None
    other = AppName("elsewhere")
    apps.create(shop.platform, other)
    done = pipeline.deploy_image(shop.platform, shop.told.append, app=other, reference=live.image)
    theirs = shop.store.releases.get(other, done.release)
    assert theirs.processes == live.processes
    assert theirs.release_task == live.release_task


@pytest.mark.parametrize(
    "label",
    ["", "no JSON", "[]", "{}", '{"lines": {"A B": "x"}, "checks": {}, "release": ""}'],
)
def test_a_label_that_is_not_ours_is_refused(label: str) -> None:
    with pytest.raises(UsageError, match=declared.LABEL):
        declared.from_label({declared.LABEL: label})


def test_promotion_runs_the_same_image_with_the_config_of_its_new_app(shop: Shop) -> None:
    production = AppName("production")
    apps.create(shop.platform, production)
    shop.store.config.change(production, {"WHERE": "production"})
    shop.push(web="tested")
    done = pipeline.promote(shop.platform, shop.told.append, app=production, origin=shop.name)
    release = shop.store.releases.get(production, done.release)
    live = shop.store.releases.live(shop.name)
    assert live is not None
    assert release.image == live.image
    assert release.env["WHERE"] == "production"
    assert release.description == "promotion of release 1 of shop"
    assert shop.store.builds.list(production) == []


def test_who_is_promoted_needs_something_that_runs(shop: Shop, ask: Asked) -> None:
    apps.create(shop.platform, AppName("production"))
    with pytest.raises(Conflict, match="shop has not been deployed"):
        ask("promote", source="shop", target="production")
    with pytest.raises(UsageError, match="to itself"):
        ask("promote", source="shop", target="shop")
    with pytest.raises(NotFound, match="nobody"):
        ask("promote", source="shop", target="nobody")


def test_a_plan_says_what_the_deploy_then_does(shop: Shop, ask: Asked) -> None:
    shop.push(web="one")
    shop.store.config.change(shop.name, {"NEW": "1"})
    shop.source({"web": "two", "worker": "three", "test": PASSES, "release": Program(exits=0)})
    before = states(shop)
    planned = ask("deploy", app="shop", plan=True, ref="main")
    assert states(shop) == before
    assert planned.builder == "stand-in"
    assert (planned.release, planned.start) == (2, ("web.1",))
    assert planned.retire == ("web.1 of release 1",)
    assert planned.env_changes == ("NEW",)
    assert planned.test
    assert planned.release_task
    assert "start     web.1" in planned.text()
    shop.deploy()
    live = shop.store.releases.live(shop.name)
    assert live is not None
    assert live.number == planned.release
    assert shop.running() == [f"{name} of 2" for name in planned.start]


def test_a_plan_of_a_build_builds_nothing(shop: Shop, ask: Asked) -> None:
    shop.source({"web": "one"})
    number = build(shop)
    planned = ask("deploy", app="shop", plan=True, build=str(number))
    assert (planned.builder, planned.what, planned.start) == ("", "build 1", ("web.1",))


def test_only_one_thing_is_deployed_at_a_time(shop: Shop, ask: Asked) -> None:
    with pytest.raises(UsageError, match="Only one thing"):
        ask("deploy", app="shop", build="1", ref="main")
    with pytest.raises(UsageError, match="names no image"):
        ask("deploy", app="shop", image="--privileged")


def test_builds_are_listed_shown_and_forgotten(shop: Shop, ask: Asked) -> None:
    shop.push(web="one")
    shop.source({"web": "two"})
    build(shop)
    assert [row.number for row in ask("builds list", app="shop")] == [2, 1]
    shown = ask("builds show", app="shop", number="1")
    assert (shown.releases, shown.processes.keys()) == ((1,), {"web"})
    assert [one.build for one in ask("builds prune", app="shop", keep="1")] == [1]
    assert [one.build for one in ask("builds prune", app="shop")] == [2]
    assert not builds.log_file(shop.platform, shop.name, 2).exists()
    assert shop.visit() == (200, "one")
    tags = {tag for image in shop.engine.images({}) for tag in image.tags}
    assert not [tag for tag in tags if ":build-" in tag]


def test_old_builds_go_with_housekeeping(shop: Shop) -> None:
    shop.platform.properties.set("builds", shop.name, "keep", "2")
    for text in "abcd":
        shop.push(web=text)
    assert states(shop) == {4: "built", 3: "built"}
    logs = builds.log_folder(shop.platform, shop.name)
    assert sorted(file.name for file in logs.iterdir()) == ["3.log", "4.log"]


def test_a_build_that_takes_too_long_is_ended(shop: Shop) -> None:
    shop.platform.properties.set("builds", shop.name, "timeout", "0.3")
    with pytest.raises(BuildFailed, match=r"The tests took longer than 0.3 s") as failed:
        shop.push(web="one", test=Program())
    assert "builds set shop timeout" in failed.value.hint
    assert states(shop) == {1: "failed"}
    assert not [c for c in shop.containers() if c.labels.get(PURPOSE) == "test"]


@pytest.mark.parametrize(("seconds", "more"), [(0.01, "0.02"), (50_000.0, "86400")])
def test_more_time_is_offered_as_far_as_there_is_more(
    shop: Shop, seconds: float, more: str
) -> None:
    with (
        pytest.raises(BuildFailed) as failed,
        builds.time_limit(seconds, "The build", shop.name),
    ):
        signal.raise_signal(signal.SIGALRM)
    assert failed.value.hint.endswith(f"dokkupy builds set shop timeout {more}")


def test_a_build_that_took_a_day_is_offered_no_more_time(shop: Shop) -> None:
    with (
        pytest.raises(BuildFailed) as failed,
        builds.time_limit(86_400, "The build", shop.name),
    ):
        signal.raise_signal(signal.SIGALRM)
    assert failed.value.hint == "Make it shorter: nothing may take longer than a day."


def test_a_build_whose_process_died_is_a_failed_one_and_what_it_ran_in_goes(shop: Shop) -> None:
    shop.push(web="one")
    record = shop.store.builds.begin(shop.name, origin="x", revision="1" * 40, actor="ann")
    shop.store.builds.reach(record, BuildState.BUILDING)
    labels = {ROOT: shop.platform.root_id, APP: str(shop.name)}
    left = shop.engine.create(ContainerSpec(name="left", image=BASE, command=(), labels=labels))
    shop.engine.start(left)
    recovery.recover(shop.platform, shop.name, Report(shop.told.append))
    assert shop.store.builds.get(shop.name, record.number).error == builds.DIED
    assert left not in [container.id for container in shop.containers()]
    shop.assert_serves("one", ["web.1 of 1"])


def test_who_cancels_a_build_ends_its_process_and_nothing_else(shop: Shop, ask: Asked) -> None:
    record = shop.store.builds.begin(shop.name, origin="x", revision="1" * 40, actor="ann")
    with pytest.raises(Conflict, match="not under way"):
        ask("builds cancel", app="shop", number="1")
    script = (
        "import sys, time; from pathlib import Path; from dokkupy.locks import app_lock\n"
        "from dokkupy.paths import Paths; from dokkupy.names import AppName\n"
        "with app_lock(Paths(Path(sys.argv[1])), AppName('shop'), what='build'):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(shop.platform.paths.root)],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    assert ask("builds cancel", app="shop").build == record.number
    assert holder.wait(20) < 0
    holder.stdout.close()
    assert shop.store.builds.get(shop.name, 1).state is BuildState.CANCELLING
    recovery.recover(shop.platform, shop.name, Report(shop.told.append))
    assert states(shop) == {1: "cancelled"}


def test_a_cancelled_build_says_so_and_not_why_its_process_ended(shop: Shop) -> None:
    def cancelled() -> None:
        [record] = shop.store.builds.unfinished(shop.name)
        shop.store.builds.reach(record, BuildState.CANCELLING)
        raise DeployFailed("The process that did this was told to stop (SIGTERM).")

    shop.listen(pre_build=cancelled)
    with pytest.raises(BuildFailed, match="Build 1 of shop was cancelled") as ended:
        shop.push(web="one")
    assert ended.value.hint == "Push again, or build what was pushed: dokkupy build shop"
    assert states(shop) == {1: "cancelled"}


def test_a_renamed_app_takes_its_builds_along(shop: Shop) -> None:
    shop.source({"web": "one"})
    number = build(shop)
    new = AppName("store")
    renaming.rename(shop.platform, shop.told.append, app=shop.name, new=new)
    done = pipeline.deploy_build(shop.platform, shop.told.append, app=new, number=number)
    assert done.release == 1
    assert list(builds.log(shop.platform, new, number))


def test_what_a_long_build_says_is_kept_up_to_a_bound(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dokkupy.report.LONGEST_COPY", 1000)
    report = Report(shop.told.append)
    with report.copied(tmp_path / "logs" / "1.log"):
        for _ in range(1000):
            report.output("x" * 99)
    assert len(shop.said("output")) == 1000
    assert (tmp_path / "logs" / "1.log").stat().st_size == 1000


def test_housekeeping_lets_the_build_under_way_be(shop: Shop) -> None:
    shop.store.builds.begin(shop.name, origin="x", revision="1" * 40, actor="ann")
    assert list(housekeeping.old_builds(shop.platform, shop.name, 0)) == []
    assert states(shop) == {1: "queued"}
