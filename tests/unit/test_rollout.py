"""The switch and what follows it: probation, way back, settling, draining."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from dokkupy.errors import (
    DeployFailed,
    EngineError,
    ProxyRefused,
)
from dokkupy.names import ProcessName
from dokkupy.testing.patience import eventually
from dokkupy.testing.program import Program
from dokkupy.types import Scale

if TYPE_CHECKING:
    from tests.unit.shop import Shop

WEB, WORKER = ProcessName("web"), ProcessName("worker")
WORKS = Program(line=("at work",))
DIES = Program(line=("no database",), exits=3)


def test_a_proxy_that_refuses_leaves_the_old_version(shop: Shop) -> None:
    shop.push(web="one")
    shop.listen(check_deploy=lambda: shop.proxy.refused.add("shop"))
    with pytest.raises(ProxyRefused, match="refuses the configuration of shop"):
        shop.push(web="two")
    shop.proxy.refused.clear()
    shop.assert_serves("one", ["web.1 of 1"])
    assert shop.releases() == [(1, "live"), (2, "failed")]


def test_one_that_dies_on_probation_gives_the_traffic_back(shop: Shop) -> None:
    shop.push(web="one")
    shop.platform.properties.set("checks", "", "probation", "5")
    with pytest.raises(DeployFailed, match=r"web\.1 ended with exit code 6"):
        shop.push(web=Program(listen="0.0.0.0", body="two", exits=6, after=0.3))
    [switched, back] = shop.proxy.applied[-2:]
    assert switched[0].backups == back[0].endpoints
    shop.assert_serves("one", ["web.1 of 1"])
    assert shop.releases() == [(1, "live"), (2, "failed")]


def test_a_first_one_that_dies_on_probation_leaves_nothing(shop: Shop) -> None:
    shop.platform.properties.set("checks", "", "probation", "5")
    with pytest.raises(DeployFailed, match=r"web\.1 ended with exit code 6"):
        shop.push(web=Program(listen="0.0.0.0", body="one", exits=6, after=0.3))
    assert shop.containers() == []
    assert shop.releases() == [(1, "failed")]
    shop.platform.properties.set("checks", "", "probation", "0")
    shop.push(web="two")
    shop.assert_serves("two", ["web.1 of 2"])


def test_one_that_falls_silent_on_probation_gives_the_traffic_back(shop: Shop) -> None:
    shop.push(web="one")
    shop.platform.properties.set("checks", "", "probation", "60")
    shop.listen(check_deploy=shop.mute)
    with pytest.raises(DeployFailed, match=r"listens, but GET / got no HTTP answer: closed"):
        shop.push(web="two")
    shop.unmute()
    shop.assert_serves("one", ["web.1 of 1"])


def test_a_silence_at_the_end_of_the_probation_is_waited_out(shop: Shop) -> None:
    shop.push(web="one")
    shop.platform.properties.set("checks", "", "probation", "0.01")
    shop.listen(check_deploy=shop.mute)
    with pytest.raises(DeployFailed):
        shop.push(web="two")
    shop.unmute()
    shop.assert_serves("one", ["web.1 of 1"])


def test_a_worker_that_dies_on_probation_takes_web_with_it(shop: Shop) -> None:
    shop.store.formation.set(shop.name, {WORKER: Scale(quantity=1)})
    shop.push(web="one", worker=WORKS)
    shop.platform.properties.set("checks", "", "probation", "5")
    with pytest.raises(DeployFailed, match=r"worker\.1 ended with exit code 6"):
        shop.push(web="two", worker=Program(exits=6, after=0.4))
    shop.assert_serves("one", ["web.1 of 1", "worker.1 of 1"])


def test_old_containers_are_backups_until_they_are_settled(shop: Shop) -> None:
    shop.push(web="one")
    [[before]] = [shop.proxy.applied[-1]]
    shop.push(web="two")
    switched, settled = (routes[0] for routes in shop.proxy.applied[-2:])
    assert switched.backups == before.endpoints
    assert settled.endpoints == switched.endpoints
    assert settled.backups == ()


def test_an_old_container_is_kept_while_somebody_talks_to_it(shop: Shop) -> None:
    shop.push(web="one")
    [[route]] = [shop.proxy.applied[-1]]
    with shop.proxy.talking_to(route.endpoints[0]):
        thread = threading.Thread(target=shop.push, kwargs={"web": "two"})
        thread.start()
        eventually(lambda: shop.visit() == (200, "two"))
        eventually(lambda: [r.state for r in shop.store.rollouts.unfinished()] == ["settled"])
        assert len(shop.containers()) == 2
    thread.join()
    assert shop.running() == ["web.1 of 2"]
    shop.assert_at_rest()


# After the switch there is no way back: what fails then is finished later.


def test_what_fails_after_the_switch_leaves_the_new_version_live(shop: Shop) -> None:
    shop.push(web="one")
    remove = shop.engine.remove

    def fail(container: str) -> None:
        raise EngineError("The container engine does not answer.")

    shop.engine.remove = fail  # type: ignore[method-assign]
    with pytest.raises(EngineError):
        shop.push(web="two")
    assert shop.visit() == (200, "two")
    assert shop.releases() == [(1, "superseded"), (2, "live")]
    shop.engine.remove = remove  # type: ignore[method-assign]
    shop.restart()
    assert shop.releases() == [(1, "superseded"), (2, "live")]
    shop.assert_serves("two", ["web.1 of 2"])
