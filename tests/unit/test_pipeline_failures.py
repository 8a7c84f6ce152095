"""A push that fails: the old version serves, nothing of the new one is left, and why is said."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dokkupy.errors import (
    BuildFailed,
    DeployFailed,
    EngineError,
    Refused,
    UsageError,
)
from dokkupy.names import ProcessName
from dokkupy.testing.engine_fake import BASE
from dokkupy.testing.program import Program
from dokkupy.testing.sources import commit
from dokkupy.types import Scale

if TYPE_CHECKING:
    from tests.unit.shop import Shop

WEB, WORKER = ProcessName("web"), ProcessName("worker")
WORKS = Program(line=("at work",))
DIES = Program(line=("no database",), exits=3)


@pytest.mark.parametrize("hook", ["pre_build", "pre_deploy", "check_deploy"])
def test_a_plugin_that_refuses_stops_the_push(shop: Shop, hook: str) -> None:
    shop.push(web="one")

    def refuse() -> None:
        raise Refused("Not on a Friday.")

    shop.listen(**{hook: refuse})
    with pytest.raises(Refused, match=r"Not on a Friday\. \[plugin listening"):
        shop.push(web="two")
    shop.assert_serves("one", ["web.1 of 1"])


@pytest.mark.parametrize("hook", ["post_build", "post_deploy"])
def test_a_plugin_that_fails_when_it_is_only_told_stops_nothing(shop: Shop, hook: str) -> None:
    def fail() -> None:
        raise RuntimeError("oops")

    shop.listen(**{hook: fail})
    shop.push(web="one")
    assert shop.visit() == (200, "one")
    assert len(shop.platform.hooks.warnings) == 1


def test_a_failed_first_push_leaves_an_app_that_was_never_deployed(shop: Shop) -> None:
    with pytest.raises(DeployFailed):
        shop.push(web=DIES)
    assert shop.visit()[0] == 404
    assert shop.containers() == []
    assert shop.releases() == [(1, "failed")]
    shop.assert_at_rest()


CRASHES: dict[str, tuple[Program, str]] = {
    "ends": (DIES, r"web\.1 ended with exit code 3\."),
    "ends after a while": (
        Program(listen="0.0.0.0", status=503, exits=4, after=0.1),
        r"web\.1 ended with exit code 4\.",
    ),
    "misses a key": (Program(needs=("KEY",)), "KEY is not set"),
    "takes too much memory": (Program(hog=True), "needed more than its 512 MiB of memory"),
    "answers 500": (Program(listen="0.0.0.0", status=500), "status 500, wanted 200 to 399"),
    "takes too long": (
        Program(listen="0.0.0.0", delay=5),
        r"web\.1 did not answer GET /up within 0\.3 s",
    ),
    "listens on loopback": (
        Program(listen="127.0.0.1"),
        r"listens on 127\.0\.0\.1:5000, must listen on 0\.0\.0\.0:\$PORT \(5000\)",
    ),
    "listens on another port": (
        Program(listen="0.0.0.0", port=3000),
        r"listens on 0\.0\.0\.0:3000, must listen on 0\.0\.0\.0:\$PORT \(5000\)",
    ),
    "listens on nothing": (Program(), "listens on nothing"),
}


@pytest.mark.parametrize("crash", CRASHES)
def test_a_new_version_that_fails_its_check_leaves_the_old_one_alone(
    shop: Shop, crash: str
) -> None:
    shop.push(web="one", worker=WORKS)
    program, message = CRASHES[crash]
    shop.source({"web": replace(program, line=("last words",))}, {"web": {"path": "/up"}})
    with pytest.raises(DeployFailed, match=message) as error:
        shop.deploy()
    assert error.value.hint
    assert "last words" in error.value.detail or crash == "misses a key"
    shop.assert_serves("one", ["web.1 of 1"])
    assert shop.releases() == [(1, "live"), (2, "failed")]
    assert shop.store.releases.get(shop.name, 2).error == error.value.message


def test_a_worker_that_fails_after_web_has_passed_leaves_the_old_ones_of_both(shop: Shop) -> None:
    shop.store.formation.set(shop.name, {WORKER: Scale(quantity=1)})
    shop.push(web="one", worker=WORKS)
    shop.source({"web": "two", "worker": Program(exits=3, after=0.2)}, {"worker": {"settle": 1}})
    with pytest.raises(DeployFailed, match=r"worker\.1 ended with exit code 3"):
        shop.deploy()
    shop.assert_serves("one", ["web.1 of 1", "worker.1 of 1"])


def test_a_second_container_that_fails_takes_the_first_with_it(shop: Shop) -> None:
    shop.store.formation.set(shop.name, {WEB: Scale(quantity=2)})
    shop.push(web="one")
    shop.end_when_started("web.2-")
    with pytest.raises(DeployFailed, match=r"web\.2 ended with exit code 9"):
        shop.push(web="two")
    shop.assert_serves("one", ["web.1 of 1", "web.2 of 1"])


def test_one_of_several_that_cannot_be_started_undoes_all(shop: Shop) -> None:
    shop.store.formation.set(shop.name, {WEB: Scale(quantity=3)})
    shop.push(web="one")
    start = shop.engine.start

    def refuse(container: str) -> None:
        if "web.2-" in shop.engine.inspect(container).name:
            raise EngineError("No space left on device.")
        start(container)

    shop.engine.start = refuse  # type: ignore[method-assign]
    with pytest.raises(EngineError, match="No space left"):
        shop.push(web="two")
    shop.assert_serves("one", ["web.1 of 1", "web.2 of 1", "web.3 of 1"])
    assert shop.releases() == [(1, "live"), (2, "failed")]


def test_an_engine_that_fails_while_several_are_watched_passes_none_of_them(shop: Shop) -> None:
    shop.store.formation.set(shop.name, {WORKER: Scale(quantity=1)})
    shop.push(web="one", worker=WORKS)
    wait = shop.engine.wait

    def fail(containers: Sequence[str], timeout: float) -> str | None:
        if threading.current_thread() is not threading.main_thread():
            raise EngineError("The container engine does not answer.")
        return wait(containers, timeout)

    shop.engine.wait = fail  # type: ignore[method-assign]
    with pytest.raises(EngineError, match="does not answer"):
        shop.push(web="two", worker=WORKS)
    shop.assert_serves("one", ["web.1 of 1", "worker.1 of 1"])


def test_a_new_container_that_somebody_removes_is_told_so(shop: Shop) -> None:
    shop.push(web="one")
    shop.listen(pre_deploy=lambda: remove_when_started(shop))
    with pytest.raises(DeployFailed, match=r"web\.1 was removed by somebody else"):
        shop.push(web="two")
    shop.assert_serves("one", ["web.1 of 1"])


def remove_when_started(shop: Shop) -> None:
    start = shop.engine.start

    def start_and_remove(container: str) -> None:
        start(container)
        shop.engine.remove(container)

    shop.engine.start = start_and_remove  # type: ignore[method-assign]


def test_a_failed_build_makes_no_release(shop: Shop) -> None:
    shop.push(web="one")
    commit(
        shop.platform, shop.name, {"Dockerfile": f"FROM {BASE}\nRUN exit 7\n", "Procfile": "web: a"}
    )
    with pytest.raises(BuildFailed):
        shop.deploy()
    shop.assert_serves("one", ["web.1 of 1"])
    assert shop.releases() == [(1, "live")]


def test_a_source_that_nobody_builds_is_told_what_each_builder_looks_for(shop: Shop) -> None:
    commit(shop.platform, shop.name, {"app.py": "print()"})
    with pytest.raises(BuildFailed, match="No builder knows how to build this") as error:
        shop.deploy()
    assert error.value.detail.splitlines() == [
        "stand-in looks for a Dockerfile",
        "At the top of the source: app.py",
    ]
    assert error.value.hint == "Commit a Dockerfile and push again."
    shop.assert_at_rest()


def test_a_procfile_that_is_not_understood_makes_no_release(shop: Shop) -> None:
    commit(shop.platform, shop.name, {"Dockerfile": f"FROM {BASE}\n", "Procfile": "web"})
    with pytest.raises(UsageError, match="Line 1 of the Procfile"):
        shop.deploy()
    assert shop.releases() == []
    shop.assert_at_rest()


def test_a_bug_that_is_no_error_of_ours_is_undone_too(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.push(web="one")
    with monkeypatch.context() as broken:
        broken.setattr(shop.proxy, "apply", None)
        with pytest.raises(TypeError):
            shop.push(web="two")
    assert shop.visit() == (200, "one")
    shop.push(web="three")
    assert shop.visit() == (200, "three")
    assert shop.releases() == [(1, "superseded"), (2, "failed"), (3, "live")]
    shop.assert_at_rest()
