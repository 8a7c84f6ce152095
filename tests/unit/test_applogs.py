"""What an app printed: its end, what is new, and on and on through deploys and crashes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dokkupy import applogs, formation
from dokkupy.applogs import LogLine
from dokkupy.errors import DeployFailed, EngineError, NotFound
from dokkupy.moments import Moment
from dokkupy.names import ProcessName
from dokkupy.operations import apps, root
from dokkupy.testing.patience import eventually
from dokkupy.testing.program import Program
from dokkupy.types import Line, Scale

if TYPE_CHECKING:
    from tests.unit.shop import Shop


def says(*lines: str) -> Program:
    return Program(line=lines, listen="0.0.0.0")


def shown(shop: Shop, **options: object) -> list[str]:
    found = root.logs(shop.platform, shop.name, **options)  # type: ignore[arg-type]
    return [item.text if isinstance(item, Line) else item.text() for item in found]


@contextmanager
def follow(shop: Shop, wanted: str = "", tail: int | None = 10) -> Iterator[list[str]]:
    """Collect in a thread what a follower gives, for the time of a block."""
    heard: list[str] = []
    stop = threading.Event()

    def listen() -> None:
        lines = applogs.following(shop.platform, shop.name, wanted, tail=tail, since=0.0)
        for line in lines:
            heard.append(line.text())
            if stop.is_set():
                break
        shop.platform.close()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    yield heard
    stop.set()


def hears(heard: list[str], *lines: str) -> None:
    eventually(lambda: heard == list(lines))


def test_each_line_carries_the_name_of_its_container(shop: Shop) -> None:
    shop.store.formation.set(shop.name, {ProcessName("worker"): Scale(quantity=2)})
    shop.push(web=says("one", "two"), worker=Program(line=("at work",)))
    assert shown(shop) == ["web.1: one", "web.1: two", "worker.1: at work", "worker.2: at work"]
    assert shown(shop, process="worker.2") == ["worker.2: at work"]
    assert shown(shop, num=1, process="web") == ["web.1: two"]
    assert shown(shop, num=0) == []


def test_only_what_is_new_can_be_asked_for(shop: Shop) -> None:
    shop.push(web=says("early"))
    moment = time.time() + 0.01
    [container] = shop.containers()
    eventually(lambda: time.time() > moment)
    with shop.engine._lock:
        shop.engine._find(container.id).print(1, "late")
    assert shown(shop, since=Moment(moment)) == ["web.1: late"]
    assert shown(shop, since=Moment(moment + 60)) == []
    assert len(shown(shop)) == 2


def test_a_process_that_does_not_run_is_told_with_those_that_do(shop: Shop) -> None:
    shop.push(web=says("one"))
    with pytest.raises(NotFound, match="no running container worker") as error:
        shown(shop, process="worker")
    assert error.value.hint == "It has: web.1"


def test_a_follower_goes_on_with_the_containers_of_the_next_deploy(shop: Shop) -> None:
    shop.push(web=says("old one", "old two"))
    with follow(shop, tail=1) as heard:
        hears(heard, "web.1: old two")
        shop.push(web=says("new one", "new two"))
        hears(heard, "web.1: old two", "web.1: new one", "web.1: new two")
        formation.scale(
            shop.platform, shop.told.append, app=shop.name, quantities={ProcessName("web"): 2}
        )
        eventually(lambda: heard[3:] == ["web.2: new one", "web.2: new two"])


def test_a_follower_of_one_process_hears_no_other(shop: Shop) -> None:
    shop.push(web=says("web"), worker=Program(line=("at work",)))
    with follow(shop, "worker") as heard:
        formation.scale(
            shop.platform, shop.told.append, app=shop.name, quantities={ProcessName("worker"): 1}
        )
        hears(heard, "worker.1: at work")


def test_a_follower_hears_a_container_again_that_crashed_and_was_restarted(shop: Shop) -> None:
    shop.push(web=says("up"))
    with follow(shop) as heard:
        hears(heard, "web.1: up")
        shop.engine.crash(shop.containers()[0].id)
        hears(heard, "web.1: up", "web.1: up")


def test_a_follower_hears_a_stopped_app_when_it_is_started(shop: Shop) -> None:
    shop.push(web=says("up"))
    with follow(shop) as heard:
        hears(heard, "web.1: up")
        formation.stop(shop.platform, shop.told.append, app=shop.name)
        formation.start(shop.platform, shop.told.append, app=shop.name)
        hears(heard, "web.1: up", "web.1: up")


def test_a_follower_ends_with_its_app(shop: Shop) -> None:
    shop.push(web=says("up"))
    with follow(shop) as heard:
        hears(heard, "web.1: up")
        before = threading.active_count()
        apps.destroy(shop.platform, shop.name)
        eventually(lambda: threading.active_count() < before)
    assert heard == ["web.1: up"]


def test_a_follower_takes_more_than_it_can_hold_at_once(shop: Shop) -> None:
    lines = [str(number) for number in range(3000)]
    shop.push(web=says(*lines))
    found = applogs.following(shop.platform, shop.name, "", tail=None, since=0.0)
    assert [next(found).line for _ in lines] == lines
    found.close()  # type: ignore[attr-defined]


def test_a_follower_fails_with_the_engine(shop: Shop) -> None:
    shop.push(web=says("up"))

    def refuse(*_: object, **__: object) -> Iterator[bytes]:
        raise EngineError("The engine is down.")

    shop.engine.logs = refuse  # type: ignore[method-assign]
    with pytest.raises(EngineError, match="is down"):
        next(applogs.following(shop.platform, shop.name, "", tail=None, since=0.0))


def test_the_containers_of_the_last_failed_deploy_are_heard_after_their_end(shop: Shop) -> None:
    assert shown(shop, failed=True) == ["No container of shop has failed."]
    for words in ("first", "second"):
        with pytest.raises(DeployFailed):
            shop.push(web=Program(line=("hello", words), exits=1))
    assert shown(shop, failed=True) == ["web.1 (release 2): hello", "web.1 (release 2): second"]
    assert shown(shop, failed=True, num=1) == ["web.1 (release 2): second"]


def test_a_line_is_data_too() -> None:
    assert LogLine(name="web.1", line="a: b").text() == "web.1: a: b"
