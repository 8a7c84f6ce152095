"""One kernel lock per app, each naming its holder."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from dokkupy import locks
from dokkupy.errors import Locked
from dokkupy.locks import Holder, app_lock, app_locks, proxy_lock, try_app_lock
from dokkupy.names import AppName
from dokkupy.paths import Paths

A, B = AppName("a"), AppName("b")
PATIENCE = 20.0


def test_who_comes_second_is_told_of_the_holder_and_gets_the_lock_after_it(paths: Paths) -> None:
    told: list[Holder | None] = []
    waiting, order = threading.Event(), []

    def second() -> None:
        def on_wait(holder: Holder | None) -> None:
            told.append(holder)
            waiting.set()

        with app_lock(paths, A, what="scale", on_wait=on_wait):
            order.append("second")

    thread = threading.Thread(target=second)
    with app_lock(paths, A, what="push of main", actor="ann"):
        thread.start()
        assert waiting.wait(PATIENCE)
        order.append("first")
    thread.join(PATIENCE)
    assert order == ["first", "second"]
    [holder] = told
    assert holder is not None
    assert (holder.pid, holder.actor, holder.what) == (os.getpid(), "ann", "push of main")
    assert str(holder).startswith(f"push of main by ann (process {os.getpid()}, since ")


def test_a_free_lock_asks_nobody_to_wait(paths: Paths) -> None:
    told: list[Holder | None] = []
    for _ in range(2):
        with app_lock(paths, A, what="push", on_wait=told.append):
            pass
    assert told == []


def test_the_impatient_are_refused_with_the_name_of_the_holder(paths: Paths) -> None:
    refused: list[Locked] = []

    def impatient() -> None:
        try:
            with try_app_lock(paths, A, what="scale"):
                pass
        except Locked as error:
            refused.append(error)

    with app_lock(paths, A, what="push of main", actor="ann"):
        thread = threading.Thread(target=impatient)
        thread.start()
        thread.join(PATIENCE)
    [error] = refused
    assert error.message.startswith("App a is busy: push of main by ann (process ")
    assert error.hint
    with try_app_lock(paths, A, what="scale"):
        pass


def test_the_lock_of_one_app_holds_up_no_other_and_not_the_proxy(paths: Paths) -> None:
    with (
        app_lock(paths, A, what="push"),
        try_app_lock(paths, B, what="push"),
        try_app_lock(paths, AppName("proxy"), what="push"),
        proxy_lock(paths, what="reload", on_wait=lambda _: pytest.fail("had to wait")),
    ):
        pass


def test_a_killed_holder_leaves_the_lock_free(paths: Paths) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom dokkupy.locks import app_lock\n"
        "from dokkupy.paths import Paths\n"
        "with app_lock(Paths(Path(sys.argv[1])), 'a', what='push'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(paths.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Locked), try_app_lock(paths, A, what="scale"):
            pass
        holder.kill()
        holder.wait(PATIENCE)
    with try_app_lock(paths, A, what="scale"):
        pass


def test_several_apps_are_locked_in_the_order_of_their_names(paths: Paths) -> None:
    waiting = threading.Event()
    taken = threading.Event()

    def both() -> None:
        with app_locks(paths, [B, A, B], what="rename", on_wait=lambda _: waiting.set()):
            taken.set()

    thread = threading.Thread(target=both)
    with app_lock(paths, B, what="push"):
        thread.start()
        assert waiting.wait(PATIENCE)
        with pytest.raises(Locked, match="rename"), try_app_lock(paths, A, what="push"):
            pass
    thread.join(PATIENCE)
    assert taken.is_set()


def test_to_wait_for_oneself_is_an_error_and_not_for_ever(paths: Paths) -> None:
    with (
        app_lock(paths, A, what="push"),
        pytest.raises(RuntimeError, match="app-a"),
        app_lock(paths, A, what="push"),
    ):
        pass
    assert not locks._held


def test_a_holder_that_has_not_signed_yet_is_somebody(paths: Paths) -> None:
    refused: list[str] = []

    def impatient() -> None:
        try:
            with try_app_lock(paths, A, what="scale"):
                pass
        except Locked as error:
            refused.append(error.message)

    with app_lock(paths, A, what="push"):
        (paths.locks / "app-a").write_text('{"pid"')
        thread = threading.Thread(target=impatient)
        thread.start()
        thread.join(PATIENCE)
    assert refused == ["App a is busy: somebody is at work on it."]
