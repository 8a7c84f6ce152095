"""The whole root: first what would go, then it goes, and nothing of anybody else."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from dokkupy import cleanup, housekeeping, moves, recovery
from dokkupy.engine import ContainerSpec
from dokkupy.errors import DeployFailed
from dokkupy.locks import app_lock
from dokkupy.names import AppName
from dokkupy.operations import apps, root
from dokkupy.scheduler_docker import APP, PURPOSE, RELEASE, ROOT
from dokkupy.testing.fake_images import SIZE
from dokkupy.testing.program import Program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.unit.shop import Shop


@pytest.fixture
def cluttered(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Deploy five times and fail twice, without anybody tidying up."""
    with monkeypatch.context() as patch:
        patch.setattr(housekeeping, "tidy", lambda *_, **__: None)
        for number in range(1, 6):
            shop.push(web=str(number))
        for _ in range(2):
            with pytest.raises(DeployFailed):
                shop.push(web=Program(exits=3))
    for noun, key in (("releases", "keep"), ("housekeeping", "failed-deploys")):
        shop.platform.properties.set(noun, shop.name, key, "1")
    return shop


def planned(shop: Shop) -> dict[str, int]:
    """Return what can go, with its size."""
    found, _ = cleanup.survey(shop.platform)
    return {f"{one.app} {one.kind}: {one.what}": one.bytes for one in found}


def clean(shop: Shop) -> list[str]:
    done = cleanup.clean(shop.platform, shop.told.append)
    assert planned(shop) == {}
    return [f"{one['app']} {one['kind']}: {one['what']}" for one in done]


def shown(shop: Shop) -> str:
    stream = root.cleanup(shop.platform)
    while True:
        try:
            next(stream)
        except StopIteration as end:
            return str(end.value.text())


def everything(shop: Shop) -> object:
    """Return all that the engine has."""
    return [
        sorted(image.tags or (image.id,) for image in shop.engine.images({})),
        sorted(info.id for info in shop.engine.containers({})),
    ]


def test_what_would_go_is_shown_with_its_size_and_stays(cluttered: Shop) -> None:
    before = everything(cluttered)
    found = planned(cluttered)
    log = recovery.failed_logs(cluttered.platform, cluttered.name) / "release-6-web.1.log"
    assert found == {
        "shop image: release 6": SIZE,
        "shop image: release 4": SIZE,
        "shop image: release 3": SIZE,
        "shop image: release 2": SIZE,
        "shop image: release 1": SIZE,
        "shop log: release-6-web.1.log": log.stat().st_size,
    }
    text = shown(cluttered)
    assert "image      shop: release 1, 0.0 MiB" in text
    assert text.endswith("Remove it: dokkupy cleanup --apply")
    assert everything(cluttered) == before


def test_it_goes_when_asked_for_and_the_app_serves_on(cluttered: Shop) -> None:
    expected = sorted(planned(cluttered))
    assert sorted(clean(cluttered)) == expected
    assert cluttered.visit() == (200, "5")
    images = cluttered.engine.images({ROOT: cluttered.platform.root_id})
    assert sorted(tag.partition(":")[2] for image in images for tag in image.tags) == [
        "release-5",
        "release-7",
    ]
    assert shown(cluttered) == "Nothing can go."
    cluttered.assert_at_rest()


def test_caches_go_as_far_as_they_are_beyond_their_room(shop: Shop) -> None:
    shop.push(web="one")
    kept = shop.platform.paths.submodules / f"{'0' * 32}.git"
    kept.mkdir(parents=True)
    (kept / "description").write_text("https://example.com/words.git")
    (kept / "pack").write_bytes(bytes(5 * 1024**2))
    shop.engine.build_cache_bytes = 12 * 1024**3
    assert planned(shop) == {" cache: what BuildKit has not used for longest": 2 * 1024**3}
    shop.platform.properties.set("housekeeping", "", "submodules", "4m")
    assert sorted(planned(shop)) == [
        " cache: the submodule https://example.com/words.git",
        " cache: what BuildKit has not used for longest",
    ]
    assert "cache      the submodule https://example.com/words.git, 5.0 MiB" in shown(shop)
    assert kept.exists()
    clean(shop)
    assert not kept.exists()
    assert shop.engine.build_cache_bytes == 10 * 1024**3


def test_an_image_counts_once_and_only_when_no_name_of_it_is_left(cluttered: Shop) -> None:
    image = cluttered.store.releases.get(cluttered.name, 1).image
    prefix = f"dokkupy-{cluttered.platform.root_id}/{cluttered.name}"
    cluttered.engine.tag(image, f"{prefix}:release-99")
    assert (
        sum(
            planned(cluttered)[f"shop image: {what}"]
            for what in ("release 1", "an image of no release")
        )
        == SIZE
    )
    cluttered.engine.tag(image, "somebody/else:1")
    assert planned(cluttered)["shop image: release 1"] == 0
    clean(cluttered)
    assert cluttered.engine.image(image).tags == ("somebody/else:1",)


def add_container(shop: Shop, name: str, labels: Mapping[str, str], image: str = "") -> str:
    any_image = shop.engine.images({})[0].id
    spec = ContainerSpec(name=name, image=image or any_image, labels=labels)
    return shop.engine.create(spec)


def test_nothing_of_another_root_or_of_nobody_is_ever_looked_at(shop: Shop) -> None:
    shop.push(web="one")
    theirs = {ROOT: "ffffffff", APP: "shop", PURPOSE: "app", RELEASE: "1"}
    shop.engine.add_image("dokkupy-ffffffff/gone:release-1", labels=theirs)
    shop.engine.add_image("by/hand:1")
    add_container(shop, "their-own", theirs)
    add_container(shop, "by-hand", {})
    before = everything(shop)
    assert planned(shop) == {}
    assert clean(shop) == []
    assert everything(shop) == before


def test_what_apps_have_left_that_are_gone_goes(shop: Shop) -> None:
    own = {ROOT: shop.platform.root_id, APP: "gone", PURPOSE: "app", RELEASE: "1"}
    repository = f"dokkupy-{shop.platform.root_id}/gone"
    image = shop.engine.add_image(f"{repository}:release-1", labels=own)
    shop.engine.add_image("soon/untagged:1", labels={**own, "x": "1"})
    shop.engine.tag(image, "soon/untagged:1")
    container = add_container(shop, "left", own)
    folder = recovery.failed_logs(shop.platform, AppName("gone"))
    folder.mkdir(parents=True)
    (folder / "release-1-web.1.log").write_text("last words")
    shop.engine.remove_image("soon/untagged:1")
    assert planned(shop) == {
        "gone container: container left": 0,
        "gone image: an image of an app that is gone": SIZE,
        "gone log: release-1-web.1.log": 10,
    }
    clean(shop)
    assert container not in [info.id for info in shop.engine.containers({})]
    assert repository not in str(everything(shop))


def test_a_container_that_a_dead_deploy_has_left_of_an_app_goes_with_its_address(
    shop: Shop,
) -> None:
    shop.push(web="one")
    address = shop.store.addresses.take(shop.name, shop.store.meta.get("subnet"))
    own = {ROOT: shop.platform.root_id, APP: "shop", PURPOSE: "app", RELEASE: "1"}
    add_container(shop, "left", {**own, "dokkupy.address": address})
    assert planned(shop) == {"shop container: container left": 0}
    clean(shop)
    shop.assert_at_rest()


def test_containers_under_the_name_before_a_rename_are_somebodys(shop: Shop) -> None:
    shop.push(web="one")
    moves.begin(shop.platform, shop.name, AppName("store"))
    assert planned(shop) == {}
    moves.finish(shop.platform, AppName("store"))
    assert planned(shop) == {}
    assert clean(shop) == []


def test_a_busy_app_is_named_and_not_looked_at(cluttered: Shop) -> None:
    with app_lock(cluttered.platform.paths, cluttered.name, what="a deploy"):
        # A lock is held by a thread; ask from another one.
        found: list[object] = []

        def ask() -> None:
            found.append(cleanup.survey(cluttered.platform))
            cluttered.platform.close()

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert found == [([], [cluttered.name])]


def test_a_destroyed_app_leaves_nothing_to_clean_up(cluttered: Shop) -> None:
    apps.destroy(cluttered.platform, cluttered.name)
    assert planned(cluttered) == {}
