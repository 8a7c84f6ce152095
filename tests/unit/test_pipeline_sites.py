"""Sites through the way of a push, on the fakes."""

from __future__ import annotations

import pytest

from dokkupy import diagnosis, ledger, pipeline, power, recovery
from dokkupy.errors import BuildFailed, DeployFailed, DokkupyError, EngineError, Refused, UsageError
from dokkupy.names import AppName, ProcessName
from dokkupy.platform import Platform
from dokkupy.report import Report
from dokkupy.scheduler import OneOff
from dokkupy.testing import client
from dokkupy.testing.engine_fake import FakeEngine
from dokkupy.testing.sources import commit
from dokkupy.types import Environment, InstanceState, Scale

APP = AppName("site")
HOST = "site.example.test"
DOCKERFILE = 'FROM scratch\nCOPY public /site\nLABEL dokkupy.site="{}"\n'


@pytest.fixture
def port(platform: Platform) -> int:
    platform.store.apps.create(APP)
    deploy(platform, "one")
    return platform.proxy.status().http_port


def deploy(platform: Platform, text: str, **more: str) -> None:
    files = {"Dockerfile": DOCKERFILE, "public/index.html": text, **more}
    commit(platform, APP, files)
    pipeline.deploy(platform, lambda _: None, app=APP, revision="main")


def folders(platform: Platform) -> list[str]:
    found = (path.name for path in platform.paths.sites.iterdir() if path.is_dir())
    return sorted(name.rpartition("-")[0] for name in found)


def shown(port: int) -> str:
    return client.get(port, HOST).text


def test_a_site_is_served_without_a_container(
    platform: Platform, port: int, fake_engine: FakeEngine
) -> None:
    assert shown(port) == "one"
    assert fake_engine.containers({}) == []
    [instance] = platform.store.instances.list(APP)
    assert (instance.state, instance.endpoint) == (InstanceState.LIVE, None)


def test_the_next_release_takes_its_place_and_a_rollback_takes_it_back(
    platform: Platform, port: int
) -> None:
    deploy(platform, "two")
    assert shown(port) == "two"
    pipeline.rollback(platform, lambda _: None, app=APP, number=None, keep_config=False)
    assert shown(port) == "one"
    assert folders(platform) == ["site-1", "site-2", "site-3"]  # the first two until later


def test_a_site_that_cannot_be_laid_out_changes_nothing(platform: Platform, port: int) -> None:
    commit(platform, APP, {"Dockerfile": DOCKERFILE, "public/about.html": "no index"})
    commit(platform, APP, {"Dockerfile": DOCKERFILE.replace("public", "other"), "other/a": "a"})
    with pytest.raises(DokkupyError, match=r"no index\.html"):
        pipeline.deploy(platform, lambda _: None, app=APP, revision="main")
    assert shown(port) == "one"
    assert folders(platform) == ["site-1"]
    assert platform.store.rollouts.unfinished() == []


def test_an_image_that_calls_itself_a_site_and_is_none_says_so(
    platform: Platform, port: int
) -> None:
    files = {"Dockerfile": DOCKERFILE.replace(" /site", " /elsewhere"), "public/index.html": "x"}
    commit(platform, APP, files)
    with pytest.raises(BuildFailed, match="has no folder /site") as refused:
        pipeline.deploy(platform, lambda _: None, app=APP, revision="main")
    assert refused.value.hint.endswith("COPY --from=build /public /site")
    assert shown(port) == "one"
    assert platform.store.rollouts.unfinished() == []


def test_what_a_dead_runner_has_laid_out_is_removed(platform: Platform, port: int) -> None:
    release = ledger.live(platform, APP)
    instance = platform.store.instances.add(APP, release.number, ProcessName("web"), 1)
    left = platform.paths.sites / "site-9-0123456789ab"
    left.mkdir()
    with Report(lambda _: None).step("recover"):
        recovery.sweep(platform, APP)
    assert not left.exists()
    assert instance.id not in {one.id for one in platform.store.instances.list(APP)}
    assert shown(port) == "one"


def test_a_lost_site_is_laid_out_again(platform: Platform, port: int) -> None:
    [folder] = [path for path in platform.paths.sites.iterdir() if path.is_dir()]
    (folder / "index.html").write_text("")
    assert power.up(platform, lambda _: None).containers == 1
    assert shown(port) == "one"


def test_a_healthy_site_has_nothing_wrong_and_a_lost_one_has(platform: Platform, port: int) -> None:
    assert not [one for one in diagnosis.examine(platform, APP).findings if one.about]
    [folder] = [path for path in platform.paths.sites.iterdir() if path.is_dir()]
    (folder / "index.html").unlink()
    [finding] = [one for one in diagnosis.examine(platform, APP).findings if one.about]
    assert finding.fix == "dokkupy up"


def test_nothing_runs_in_a_site(platform: Platform, port: int) -> None:
    release = ledger.live(platform, APP)
    one_off = OneOff(
        release=release,
        command=("ls",),
        env=Environment(),
        scale=Scale(quantity=1),
        purpose="run",
    )
    [instance] = platform.store.instances.list(APP)
    for ask in (
        lambda: platform.scheduler.attach(one_off),
        lambda: platform.scheduler.detach(one_off),
        lambda: list(platform.scheduler.run(one_off)),
        lambda: platform.scheduler.enter(instance.reference, ["sh"], tty=False),
    ):
        with pytest.raises(Refused, match="static site"):
            ask()
    assert b"prints nothing" in next(platform.scheduler.logs(instance.reference))


def test_a_site_with_a_command_to_run_is_refused(platform: Platform, port: int) -> None:
    with pytest.raises(UsageError, match="Nothing runs in a static site"):
        deploy(platform, "two", Procfile="web: serve\n")
    assert shown(port) == "one"


def test_a_site_is_placed_once_however_it_is_scaled(platform: Platform, port: int) -> None:
    platform.store.formation.set(APP, {ProcessName("web"): Scale(quantity=3)})
    deploy(platform, "two")
    assert len(platform.store.instances.list(APP)) == 1


def test_nothing_is_left_of_a_destroyed_site(platform: Platform, port: int) -> None:
    deploy(platform, "two")
    platform.scheduler.destroy(APP)
    assert list(platform.paths.sites.iterdir()) == []


def test_an_engine_that_fails_at_the_archive_leaves_nothing(
    platform: Platform, port: int, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EngineError("The engine has gone.")

    monkeypatch.setattr(fake_engine, "archive", fail)
    with pytest.raises((EngineError, DeployFailed)):
        deploy(platform, "two")
    assert fake_engine.containers({}) == []
    assert folders(platform) == ["site-1"]
    assert shown(port) == "one"
