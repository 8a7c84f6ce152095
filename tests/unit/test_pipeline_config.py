"""Changed config: deployed as one release, the app's when it has the traffic, else not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dokkupy import pipeline
from dokkupy.errors import (
    DeployFailed,
    DokkupyError,
)
from dokkupy.names import ProcessName
from dokkupy.testing.program import Program

if TYPE_CHECKING:
    from tests.unit.shop import Shop

WEB, WORKER = ProcessName("web"), ProcessName("worker")
WORKS = Program(line=("at work",))
DIES = Program(line=("no database",), exits=3)


def test_changed_config_comes_with_the_switch_as_one_release(shop: Shop) -> None:
    shop.store.config.change(shop.name, {"A": "1", "B": "1"})
    shop.push(web=Program(listen="0.0.0.0", show=("A", "B", "C")))
    seen: list[dict[str, str]] = []
    shop.listen(check_deploy=lambda: seen.append(dict(shop.store.config.get(shop.name))))
    shop.set_config({"A": "2", "C": "3"}, ["B"])
    assert seen == [{"A": "1", "B": "1"}]
    assert shop.store.config.get(shop.name) == {"A": "2", "C": "3"}
    assert shop.releases() == [(1, "superseded"), (2, "live")]
    assert shop.store.releases.get(shop.name, 2).description == "config A C -B"
    [container] = shop.containers()
    assert list(shop.engine.logs(container.id)) == [b"A=2", b"B=", b"C=3"]
    shop.assert_at_rest()


def test_config_that_fails_the_check_is_not_the_apps(shop: Shop) -> None:
    shop.store.config.change(shop.name, {"KEY": "1"})
    shop.push(web=Program(listen="0.0.0.0", body="one", needs=("KEY",)))
    with pytest.raises(DeployFailed, match="KEY is not set"):
        shop.set_config({"A": "hunter2"}, ["KEY"])
    assert shop.store.config.get(shop.name) == {"KEY": "1"}
    assert shop.releases() == [(1, "live"), (2, "failed")]
    shop.assert_serves("one", ["web.1 of 1"])


def test_config_that_fails_on_probation_is_taken_back(shop: Shop) -> None:
    shop.store.config.change(shop.name, {"A": "1", "B": "1"})
    shop.push(web="one")
    shop.listen(check_deploy=shop.mute)
    with pytest.raises(DeployFailed):
        shop.set_config({"A": "2", "C": "3"}, ["B"])
    assert shop.store.config.get(shop.name) == {"A": "1", "B": "1"}
    shop.unmute()
    shop.assert_serves("one", ["web.1 of 1"])


def test_config_set_while_a_push_is_under_way_is_not_lost(shop: Shop) -> None:
    shop.store.config.change(shop.name, {"A": "1"})

    def meanwhile() -> None:
        shop.store.config.change(shop.name, {"B": "2"}, ["A"])

    shop.listen(check_deploy=meanwhile)
    shop.push(web="one")
    assert shop.store.config.get(shop.name) == {"B": "2"}


def test_config_set_beside_a_change_of_config_is_not_lost(shop: Shop) -> None:
    shop.store.config.change(shop.name, {"A": "1", "B": "1"})
    shop.push(web="one")
    shop.listen(check_deploy=lambda: shop.store.config.change(shop.name, {"B": "9", "C": "9"}))
    shop.set_config({"A": "2"})
    assert shop.store.config.get(shop.name) == {"A": "2", "B": "9", "C": "9"}


def test_config_set_beside_a_failing_change_is_not_lost(shop: Shop) -> None:
    shop.store.config.change(shop.name, {"A": "1", "B": "1"})
    shop.push(web="one")

    def meanwhile() -> None:
        shop.store.config.change(shop.name, {"B": "9"})
        shop.mute()

    shop.listen(check_deploy=meanwhile)
    with pytest.raises(DeployFailed):
        shop.set_config({"A": "2"})
    assert shop.store.config.get(shop.name) == {"A": "1", "B": "9"}


def test_a_secret_is_in_no_line_that_a_deploy_tells_and_in_no_event(shop: Shop) -> None:
    shop.push(web="one")
    shop.set_config({"TOKEN": "hunter2"})
    with pytest.raises(DokkupyError) as error:
        shop.set_config({"PORT": "none", "TOKEN": "hunter2"})
    told = [line.text for line in shop.told]
    events = [str(dict(event.data)) for event in shop.store.events.list()]
    shown = [*told, *events, error.value.message, error.value.hint, error.value.detail]
    assert "hunter2" not in "\n".join(shown)


def test_the_containers_are_made_anew_with_todays_global_config(shop: Shop) -> None:
    shop.push(web=Program(listen="0.0.0.0", show=("G",)))
    shop.store.config.change("", {"G": "new"})
    pipeline.refresh(shop.platform, shop.told.append, app=shop.name, reason="global config G")
    [container] = shop.containers()
    assert list(shop.engine.logs(container.id)) == [b"G=new"]
    assert shop.store.releases.get(shop.name, 2).description == "global config G"
    shop.assert_at_rest()
