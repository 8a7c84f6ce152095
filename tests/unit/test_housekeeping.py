"""What is kept of an app after many deploys, and what can still be rolled back to."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from dokkupy import cloning, formation, housekeeping, ledger, pipeline, recovery
from dokkupy.engine import STAGE, ImageBuild
from dokkupy.errors import (
    BuildFailed,
    Conflict,
    DeployFailed,
    EngineError,
    ImageNotFound,
    UsageError,
)
from dokkupy.names import AppName
from dokkupy.operations import releases
from dokkupy.scheduler_docker import APP, ROOT
from dokkupy.testing.engine_fake import BASE
from dokkupy.testing.program import Program
from dokkupy.testing.sources import commit
from dokkupy.types import Release

if TYPE_CHECKING:
    from tests.unit.shop import Shop

DIES = Program(line=("no database",), exits=3)


@pytest.fixture
def keeping(shop: Shop) -> Shop:
    """Keep two releases of the app, and the logs of two failed deploys."""
    shop.platform.properties.set("releases", shop.name, "keep", "2")
    shop.platform.properties.set("housekeeping", shop.name, "failed-deploys", "2")
    return shop


def tags(shop: Shop) -> list[str]:
    """Return the tags of the app's images."""
    prefix = f"dokkupy-{shop.platform.root_id}/{shop.name}:"
    images = shop.engine.images({"dokkupy.root": shop.platform.root_id})
    found = [tag.removeprefix(prefix) for image in images for tag in image.tags]
    return sorted(found, key=lambda tag: int(tag.removeprefix("release-")))


def untagged(shop: Shop) -> int:
    images = shop.engine.images({"dokkupy.root": shop.platform.root_id})
    return len([image for image in images if not image.tags])


def gone(shop: Shop) -> list[int]:
    return [row.number for row in releases.list_(shop.platform, shop.name) if row.image == "gone"]


def roll_back(shop: Shop, number: int | None = None) -> None:
    pipeline.rollback(
        shop.platform, shop.told.append, app=shop.name, number=number, keep_config=False
    )


def fail(shop: Shop) -> None:
    with pytest.raises(DeployFailed):
        shop.push(web=DIES)


def fail_to_build(shop: Shop, number: int) -> None:
    """Push something of which an image comes, but no release."""
    files = {
        "Dockerfile": f"FROM {BASE}\n# failed build {number}\n",
        "Procfile": "web: a",
        "app.json": '{"healthchecks": {"nobody": [{}]}}',
    }
    commit(shop.platform, shop.name, files)
    with pytest.raises(UsageError, match="nobody"):
        pipeline.deploy(shop.platform, shop.told.append, app=shop.name, revision="main")


def test_only_the_newest_releases_keep_their_images(keeping: Shop) -> None:
    for number in range(1, 5):
        keeping.push(web=str(number))
    assert tags(keeping) == ["release-3", "release-4"]
    assert gone(keeping) == [2, 1]
    assert [number for number, _ in keeping.releases()] == [1, 2, 3, 4]
    keeping.assert_at_rest()


def test_ten_are_kept_by_default(shop: Shop) -> None:
    assert shop.platform.properties.get("releases", shop.name, "keep") == 10


def test_a_rollback_to_a_release_without_image_is_refused_with_how_to_get_it_back(
    keeping: Shop,
) -> None:
    for number in range(1, 4):
        keeping.push(web=str(number))
    revision = keeping.store.releases.get(keeping.name, 1).revision
    with pytest.raises(ImageNotFound, match="The image of release 1 of shop is gone") as error:
        roll_back(keeping, 1)
    assert error.value.hint.endswith(f"dokkupy deploy shop --ref {revision[:12]}")
    assert keeping.visit() == (200, "3")
    pipeline.deploy(keeping.platform, keeping.told.append, app=keeping.name, revision=revision)
    assert keeping.visit() == (200, "1")
    keeping.assert_at_rest()


def test_a_rollback_counts_as_a_release_and_brings_its_image_to_the_front(keeping: Shop) -> None:
    for number in range(1, 3):
        keeping.push(web=str(number))
    roll_back(keeping, 1)
    keeping.push(web="4")
    assert tags(keeping) == ["release-3", "release-4"]
    assert gone(keeping) == [2]  # the image of 1 is that of 3
    roll_back(keeping, 1)
    assert keeping.visit() == (200, "1")


def test_changes_of_config_do_not_push_out_images_that_they_share(keeping: Shop) -> None:
    keeping.push(web="1")
    for value in "abc":
        pipeline.change_config(
            keeping.platform, keeping.told.append, app=keeping.name, assign={"K": value}, unset=[]
        )
    assert tags(keeping) == ["release-3", "release-4"]
    assert gone(keeping) == []
    roll_back(keeping, 1)
    assert keeping.visit() == (200, "1")


def test_failed_releases_do_not_count_and_only_the_newest_keeps_its_image(keeping: Shop) -> None:
    keeping.push(web="1")
    keeping.push(web="2")
    for _ in range(3):
        fail(keeping)
    assert tags(keeping) == ["release-1", "release-2", "release-5"]
    keeping.push(web="6")
    assert tags(keeping) == ["release-2", "release-6"]
    roll_back(keeping)
    assert keeping.visit() == (200, "2")


def test_one_is_enough_to_serve(keeping: Shop) -> None:
    keeping.platform.properties.set("releases", keeping.name, "keep", "1")
    keeping.push(web="1")
    keeping.push(web="2")
    assert tags(keeping) == ["release-2"]
    with pytest.raises(ImageNotFound, match="release 1"):
        roll_back(keeping)
    formation.restart(keeping.platform, keeping.told.append, app=keeping.name, processes=[])
    assert keeping.visit() == (200, "2")


def test_an_image_that_a_container_uses_stays_until_it_does_not(
    keeping: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping.push(web="1")
    release = keeping.store.releases.get(keeping.name, 1)
    user = foreign_container(keeping, release)
    for number in range(2, 5):
        keeping.push(web=str(number))
    assert tags(keeping) == ["release-1", "release-3", "release-4"]
    assert gone(keeping) == [2]
    keeping.engine.remove(user)
    keeping.push(web="5")
    assert tags(keeping) == ["release-4", "release-5"]
    assert gone(keeping) == [3, 2, 1]


def foreign_container(shop: Shop, release: Release) -> str:
    """Let somebody make a container of an image, without dokkupy."""
    from dokkupy.engine import ContainerSpec

    return shop.engine.create(ContainerSpec(name="by-hand", image=release.image))


def test_what_a_clone_has_is_its_own(keeping: Shop) -> None:
    keeping.push(web="1")
    twin = AppName("twin")
    cloning.make(keeping.platform, keeping.name, twin)
    pipeline.adopt(keeping.platform, keeping.told.append, app=twin, origin=keeping.name)
    for number in range(2, 5):
        keeping.push(web=str(number))
    assert gone(keeping) == [2, 1]
    formation.restart(keeping.platform, keeping.told.append, app=twin, processes=[])
    keeping.name = twin
    assert keeping.visit() == (200, "1")
    assert gone(keeping) == []


def test_the_image_of_a_failed_build_is_kept_until_the_next_one_and_goes_with_success(
    keeping: Shop,
) -> None:
    keeping.push(web="1")
    for number in range(3):
        fail_to_build(keeping, number)
        assert untagged(keeping) == 1
    keeping.push(web="2")
    assert untagged(keeping) == 0
    keeping.assert_at_rest()


def test_a_build_that_makes_no_image_leaves_what_is_there(keeping: Shop) -> None:
    keeping.push(web="1")
    fail_to_build(keeping, 1)
    commit(
        keeping.platform,
        keeping.name,
        {"Dockerfile": f"FROM {BASE}\nRUN exit 7\n", "Procfile": "web: a"},
    )
    with pytest.raises(BuildFailed):
        pipeline.deploy(keeping.platform, keeping.told.append, app=keeping.name, revision="main")
    assert untagged(keeping) == 1
    assert tags(keeping) == ["release-1"]


def leave_stage(shop: Shop, number: int) -> str:
    """Leave what an earlier stage of a build leaves, and return its id."""
    folder = shop.platform.paths.run / f"stage{number}"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {BASE}\n# stage {number}\n")
    labels = {ROOT: shop.platform.root_id, APP: shop.name, STAGE: "build"}
    build = ImageBuild(
        context=folder, dockerfile="Dockerfile", args={}, labels=labels, memory=0, cpu_shares=0
    )
    image = shop.engine.build(build, lambda _: None)
    shutil.rmtree(folder)
    return image


def test_the_newest_stages_of_builds_are_kept_as_a_cache(keeping: Shop) -> None:
    keeping.push(web="1")
    left = [leave_stage(keeping, number) for number in range(7)]
    keeping.push(web="2")
    labels = {ROOT: keeping.platform.root_id}
    kept = {image.id for image in keeping.engine.images(labels) if not image.tags}
    assert kept == set(left[2:])


def test_the_logs_of_the_last_failed_deploys_are_kept(keeping: Shop) -> None:
    keeping.push(web="1")
    for _ in range(3):
        fail(keeping)
    folder = recovery.failed_logs(keeping.platform, keeping.name)
    assert sorted(file.name for file in folder.iterdir()) == [
        "release-3-web.1.log",
        "release-4-web.1.log",
    ]


def test_events_are_bounded(keeping: Shop) -> None:
    keeping.platform.properties.set("housekeeping", "", "events", "5")
    keeping.push(web="1")
    assert keeping.store.events.count() == 5
    assert keeping.store.events.list()[-1].verb == "release.live"


@pytest.mark.parametrize("call", ["images", "remove_image", "containers"])
def test_what_cannot_be_tidied_up_now_fails_no_deploy_and_is_done_next_time(
    keeping: Shop, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping.push(web="1")
    keeping.push(web="2")

    def refuse(*_: object) -> None:
        raise EngineError("Not now.")

    with monkeypatch.context() as patch:
        patch.setattr(keeping.engine, call, refuse)
        keeping.push(web="3")
    assert keeping.visit() == (200, "3")
    assert any("Not everything could be tidied up: Not now." in one.text for one in keeping.told)
    keeping.push(web="4")
    assert tags(keeping) == ["release-3", "release-4"]
    assert gone(keeping) == [2, 1]


def test_what_the_disk_does_not_let_go_fails_no_deploy(keeping: Shop) -> None:
    folder = recovery.failed_logs(keeping.platform, keeping.name)
    for number in (1, 2, 3):
        (folder / f"release-{number}-web.1.log").mkdir(parents=True)
    keeping.push(web="1")
    assert keeping.visit() == (200, "1")
    assert any("Not everything could be tidied up: " in one.text for one in keeping.told)


def test_a_failed_push_fails_with_its_own_reason_whatever_cannot_be_tidied_up(
    keeping: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping.push(web="1")

    def refuse(*_: object) -> None:
        raise Conflict("Not now.")

    monkeypatch.setattr(keeping.engine, "images", refuse)
    with pytest.raises(DeployFailed, match="ended with exit code 3"):
        keeping.push(web=DIES)


def test_an_image_that_somebody_else_removed_is_told_gone(keeping: Shop) -> None:
    keeping.push(web="1")
    keeping.push(web="2")
    keeping.engine.remove_image(keeping.store.releases.get(keeping.name, 1).image)
    with pytest.raises(ImageNotFound, match="The image of release 1 of shop is gone"):
        roll_back(keeping)
    live = ledger.live(keeping.platform, keeping.name)
    assert live.number == 2


def test_a_build_leaves_caches_within_their_room(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.platform.properties.set("housekeeping", "", "submodules", "4m")
    kept = shop.platform.paths.submodules / f"{'0' * 32}.git"
    kept.mkdir(parents=True)
    (kept / "pack").write_bytes(bytes(5 * 1024**2))
    limit = 10 * 1024**3
    shop.engine.build_cache_bytes = limit + 1
    shop.push(web="one")
    assert not kept.exists()
    assert shop.engine.build_cache_bytes == limit
    # The engine is not made to look through it at each build.
    shop.engine.build_cache_bytes = limit + 2
    shop.push(web="two")
    assert shop.engine.build_cache_bytes == limit + 2
    monkeypatch.setattr(housekeeping, "TRIM_EVERY_SECONDS", 0.0)
    shop.push(web="three")
    assert shop.engine.build_cache_bytes == limit
