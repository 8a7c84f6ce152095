"""Logins to registries, and images of builds on their way there, on the fakes."""

from __future__ import annotations

import io
import os
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from dokkupy import pipeline, publishing, registries
from dokkupy.engine import RegistryLogin
from dokkupy.errors import (
    Conflict,
    EngineError,
    ImageNotFound,
    NotFound,
    Refused,
    StateError,
    UsageError,
)
from dokkupy.operations import registries as registry
from dokkupy.operations.parameters import Stdin
from dokkupy.registries import RegistryHost

if TYPE_CHECKING:
    from dokkupy.paths import Paths
    from tests.unit.shop import Shop

HOST = "registry.example.com"
GOOD = "one"
REFERENCE = f"{HOST}/team/shop:7"


def login(host: str = HOST, user: str = "ann", secret: str = GOOD) -> RegistryLogin:
    return RegistryLogin(host=host, user=user, secret=secret)


@pytest.fixture
def built(shop: Shop) -> Shop:
    """Give an app with one build, and a registry that lets ann in."""
    shop.push(web="one")
    shop.engine.registries[HOST] = {"ann": "one"}
    shop.engine.logins = lambda: registries.read(shop.platform.paths)
    return shop


def push(shop: Shop, number: int = 1) -> str:
    return publishing.push(
        shop.platform, shop.told.append, app=shop.name, number=number, reference=REFERENCE
    )["digest"]


def test_logins_are_kept_replaced_and_forgotten_in_a_file_of_the_owner_s(paths: Paths) -> None:
    assert registries.read(paths) == []
    registries.keep(paths, login())
    registries.keep(paths, login("a.example.com"))
    registries.keep(paths, login(secret="two"))
    assert registries.read(paths) == [login("a.example.com"), login(secret="two")]
    assert paths.registries.stat().st_mode & 0o777 == 0o600
    registries.forget(paths, "a.example.com")
    with pytest.raises(NotFound):
        registries.forget(paths, "a.example.com")
    assert registries.read(paths) == [login(secret="two")]
    assert [path.name for path in paths.root.glob("*registries*")] == ["registries.json"]


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', '{"a": {"user": "x"}}'])
def test_a_damaged_file_of_logins_is_told_without_what_is_in_it(paths: Paths, text: str) -> None:
    paths.registries.write_text(text)
    with pytest.raises(StateError) as caught:
        registries.read(paths)
    assert str(paths.registries) in caught.value.hint


@pytest.mark.parametrize("text", ["localhost", "localhost:5000", "docker.io", "10.0.0.1:80"])
def test_a_registry_is_a_host_that_can_begin_a_name(text: str) -> None:
    assert RegistryHost.parse(text) == text


@pytest.mark.parametrize("text", ["", "team", "https://x.example", "x.example/team", "X.example"])
def test_what_cannot_begin_a_name_is_no_registry(text: str) -> None:
    with pytest.raises(UsageError):
        RegistryHost.parse(text)


def test_one_login_is_changed_at_a_time_and_none_is_lost(
    built: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, refused = registries.read, list[bool]()
    file = built.platform.paths.state_db

    def look(paths: Paths) -> list[RegistryLogin]:
        with (
            closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")
        refused.append(True)
        return read(paths)

    left = built.platform.paths.registries
    left.with_name(f".{left.name}.{os.getpid()}").touch()
    monkeypatch.setattr(registries, "read", look)
    stdin = Stdin(io.BytesIO(GOOD.encode()))
    registry.login(built.platform, RegistryHost(HOST), "ann", stdin)
    registry.logout(built.platform, RegistryHost(HOST))
    assert len(refused) == 2
    assert read(built.platform.paths) == []


def test_a_build_is_sent_under_a_name_that_does_not_stay(built: Shop) -> None:
    with pytest.raises(Refused):
        push(built)
    registries.keep(built.platform.paths, login())
    assert push(built).startswith("sha256:")
    with pytest.raises(ImageNotFound):
        built.engine.image(REFERENCE)
    built.engine.pull(REFERENCE, 1)
    live = built.store.releases.live(built.name)
    assert live is not None
    assert built.engine.image(REFERENCE).id == live.image


@pytest.mark.parametrize("secret", ["one", "wrong"])
def test_a_name_that_somebody_had_is_theirs_again_whether_it_was_sent_or_not(
    built: Shop, secret: str
) -> None:
    registries.keep(built.platform.paths, login(secret=secret))
    theirs = built.engine.add_image(REFERENCE)
    try:
        push(built)
    except Refused:
        assert secret == "wrong"
    assert built.engine.image(REFERENCE).id == theirs


def test_builds_that_are_sent_by_one_name_wait_for_each_other(
    built: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    registries.keep(built.platform.paths, login())
    built.push(web="two")
    push_for_real, named = built.engine.push, list[str]()
    other = threading.Thread(target=push, args=(built, 2))

    def slowly(*arguments: Any) -> str:
        if not named:
            other.start()
            other.join(0.5)
        named.append(built.engine.image(REFERENCE).id)
        return push_for_real(*arguments)

    monkeypatch.setattr(built.engine, "push", slowly)
    push(built, 1)
    other.join()
    assert named == [built.store.builds.get(built.name, number).image for number in (1, 2)]
    assert any("Waiting: sending" in line.text for line in built.told)


def test_what_has_no_image_or_no_registry_is_not_sent(built: Shop) -> None:
    with pytest.raises(NotFound):
        push(built, 9)
    built.engine.registries.clear()
    with pytest.raises(EngineError):
        push(built)
    built.store.builds.begin(built.name, origin="x", revision="y", actor="z")
    with pytest.raises(Conflict):
        push(built, 2)


def test_what_was_sent_runs_the_same_processes_where_it_is_fetched(built: Shop) -> None:
    registries.keep(built.platform.paths, login())
    push(built)
    before = built.store.releases.live(built.name)
    pipeline.deploy_image(built.platform, built.told.append, app=built.name, reference=REFERENCE)
    after = built.store.releases.live(built.name)
    assert before is not None
    assert after is not None
    assert (after.image, after.processes) == (before.image, before.processes)
    assert built.visit() == (200, "one")
