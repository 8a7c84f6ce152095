"""An app made like another: config, settings, scale and image, but not what the world knows."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from dokkupy import cloning, formation, git, pipeline
from dokkupy.errors import Conflict, DeployFailed, DokkupyError, NotFound, ProxyRefused, Refused
from dokkupy.hookspecs import hookimpl
from dokkupy.names import AppName, ProcessName
from dokkupy.operations import apps, builds
from dokkupy.testing.program import Program
from dokkupy.types import Scale

if TYPE_CHECKING:
    from tests.unit.shop import Shop

SHOP, TWIN = AppName("shop"), AppName("twin")
WORKER = ProcessName("worker")


def clone(shop: Shop) -> None:
    """Make a clone and deploy it, as the operation does with the help of a job."""
    cloning.make(shop.platform, SHOP, TWIN)
    pipeline.adopt(shop.platform, shop.told.append, app=TWIN, origin=SHOP)


def test_a_clone_serves_the_same_image_at_its_own_host_and_the_origin_goes_on(shop: Shop) -> None:
    shop.store.config.change(SHOP, {"A": "1"})
    shop.push(web="one", worker=Program(line=("at work",)))
    shop.store.formation.set(SHOP, {WORKER: Scale(quantity=1, memory=2**26)})
    shop.platform.properties.set("checks", SHOP, "drain", "1")
    clone(shop)
    assert shop.visit() == (200, "one")
    shop.name = TWIN
    assert shop.visit() == (200, "one")
    assert shop.running() == ["web.1 of 1", "worker.1 of 1"]
    assert shop.store.config.get(TWIN) == {"A": "1"}
    assert shop.platform.properties.get("checks", TWIN, "drain") == 1
    theirs, own = shop.store.releases.get(SHOP, 1), shop.store.releases.get(TWIN, 1)
    assert (own.image, own.revision) == (theirs.image, theirs.revision)
    assert own.description == "clone of shop"
    assert own.env == {"A": "1", "DOKKUPY_APP": "twin"}
    assert shop.store.apps.get(TWIN).deploy_branch == shop.store.apps.get(SHOP).deploy_branch
    shop.assert_at_rest()


def test_a_build_of_the_clone_is_not_taken_for_one_of_the_origin(shop: Shop) -> None:
    shop.push(web="one")
    clone(shop)
    shop.name = TWIN
    shop.push(web="two")
    assert builds.show(shop.platform, TWIN, 1).releases == (2,)


def test_a_clone_has_the_source_and_can_be_deployed_by_itself(shop: Shop) -> None:
    shop.push(web="one")
    clone(shop)
    main = git.current(shop.platform.paths, SHOP, "refs/heads/main")
    assert git.current(shop.platform.paths, TWIN, "refs/heads/main") == main
    shop.name = TWIN
    shop.push(web="two")
    assert shop.visit() == (200, "two")
    shop.name = SHOP
    assert shop.visit() == (200, "one")


def test_each_of_two_apps_with_one_image_can_go_without_the_other_noticing(shop: Shop) -> None:
    shop.push(web="one")
    clone(shop)
    image = shop.store.releases.get(TWIN, 1).image
    apps.destroy(shop.platform, SHOP)
    shop.name = TWIN
    assert shop.visit() == (200, "one")
    assert shop.engine.image(image).tags == (f"dokkupy-{shop.platform.root_id}/twin:release-1",)
    formation.restart(shop.platform, shop.told.append, app=TWIN, processes=[])
    shop.assert_at_rest()
    apps.destroy(shop.platform, TWIN)
    assert shop.engine.images({"dokkupy.root": shop.platform.root_id}) == []


def test_the_release_task_does_not_run_for_a_clone(shop: Shop) -> None:
    shop.push(web="one", release=Program(line=("migrating",), exits=0))
    shop.told.clear()
    clone(shop)
    assert "migrating" not in [line.text for line in shop.told]


def test_an_app_that_was_never_deployed_can_be_cloned(shop: Shop) -> None:
    shop.store.config.change(SHOP, {"A": "1"})
    [*_] = apps.clone(shop.platform, SHOP, TWIN)
    assert shop.store.config.get(TWIN) == {"A": "1"}
    shop.name = TWIN
    assert shop.visit()[0] == 404


def test_a_locked_app_can_be_cloned_and_the_clone_is_not_locked(shop: Shop) -> None:
    apps.lock(shop.platform, SHOP)
    [*_] = apps.clone(shop.platform, SHOP, TWIN)
    assert not shop.store.apps.get(TWIN).locked_by


def test_a_clone_that_fails_its_checks_leaves_an_app_to_be_mended(shop: Shop) -> None:
    shop.push(web="one")
    shop.engine.program(Program(exits=3))
    with pytest.raises(DeployFailed):
        clone(shop)
    assert shop.visit() == (200, "one")
    shop.name = TWIN
    assert shop.visit()[0] == 404
    assert shop.releases() == [(1, "failed")]
    shop.assert_at_rest()


def plugin(shop: Shop, function: Callable[..., None]) -> None:
    module = ModuleType("keeping")
    vars(module)["app_cloned"] = hookimpl(function)
    shop.platform.hooks.add("keeping", module)


def test_plugins_carry_over_what_they_keep(shop: Shop) -> None:
    def carry(app: AppName, origin: AppName) -> None:
        kept = shop.store.documents.get(origin, "notes", "all")
        shop.store.documents.set(app, "notes", "all", kept)

    plugin(shop, carry)
    shop.store.documents.set(SHOP, "notes", "all", ["remember"])
    cloning.make(shop.platform, SHOP, TWIN)
    assert shop.store.documents.get(TWIN, "notes", "all") == ["remember"]


def refusing(app: AppName) -> None:
    raise Refused("Not this one.")


@pytest.mark.parametrize("who", ["plugin", "proxy", "git"])
def test_a_clone_that_somebody_refuses_was_never_made(
    shop: Shop, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.push(web="one")
    if who == "plugin":
        plugin(shop, refusing)
    elif who == "proxy":
        shop.proxy.refused.add("twin")
    else:

        def fail(*_: object) -> None:
            raise NotFound("no such thing")

        monkeypatch.setattr(git, "copy_repo", fail)
    with pytest.raises((Refused, ProxyRefused, NotFound)):
        cloning.make(shop.platform, SHOP, TWIN)
    assert [app.name for app in shop.store.apps.list()] == [SHOP]
    assert not git.repository(shop.platform.paths, TWIN).exists()
    assert shop.visit() == (200, "one")
    shop.proxy.refused.clear()
    apps.create(shop.platform, TWIN)


def test_a_name_that_is_taken_and_an_origin_that_is_not_there_are_refused(shop: Shop) -> None:
    with pytest.raises(Conflict):
        cloning.make(shop.platform, SHOP, SHOP)
    with pytest.raises(NotFound) as error:
        cloning.make(shop.platform, TWIN, AppName("other"))
    assert isinstance(error.value, DokkupyError)
    assert [app.name for app in shop.store.apps.list()] == [SHOP]
