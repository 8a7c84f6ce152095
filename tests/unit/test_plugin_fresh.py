"""What a fresh Python is asked, and how deploys wait for a change of plugins."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dokkupy.errors import Locked, PluginError, Refused
from dokkupy.installing import fresh, trial
from dokkupy.installing.candidate import Candidate
from dokkupy.installing.distribution import Facts
from dokkupy.installing.locking import pause_deploys
from dokkupy.locks import app_lock, try_app_lock
from dokkupy.names import AppName
from dokkupy.plugins import set_disabled_plugins

if TYPE_CHECKING:
    from dokkupy.paths import Paths
    from dokkupy.store import Store
    from tests.unit.conftest import Site

pytestmark = pytest.mark.slow

GOOD = """
    print("{} is not an answer")

    @hookimpl
    def vhosts(app):
        return []
"""
APP = AppName("shop")


def candidate(site: Site, name: str = "tried", version: str = "1.2.3") -> Candidate:
    return Candidate(
        plugin=name,
        facts=Facts(name=f"dokkupy-plugin-{name}", version=version, plugins={}),
        before="",
        found=None,  # type: ignore[arg-type]
        overlay=(site.folder,),
    )


def test_what_lies_in_the_overlay_goes_first_and_what_it_prints_is_no_answer(
    site: Site, paths: Paths
) -> None:
    site.install("tried", GOOD)
    assert trial.load(paths.root, candidate(site)) == ("vhosts",)
    assert "tried" not in trial.states(fresh.ask(paths.root, "look"))


def test_one_that_is_disabled_is_tried_all_the_same(site: Site, paths: Paths) -> None:
    site.install("tried", GOOD)
    set_disabled_plugins(paths.root, {"tried"})
    assert trial.load(paths.root, candidate(site)) == ("vhosts",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("1 / 0", "cannot take part: .*ZeroDivisionError"), ("raise SystemExit(0)", "SystemExit")],
)
def test_one_that_cannot_be_loaded_is_refused(
    site: Site, paths: Paths, text: str, reason: str
) -> None:
    site.install("tried", text)
    with pytest.raises(Refused, match=reason):
        trial.load(paths.root, candidate(site))


def test_one_that_another_plugin_could_not_live_with_is_refused(site: Site, paths: Paths) -> None:
    takes = """
    @hookimpl
    def register_operations():
        return {"domains": "probe_aaa.operations"}
    """
    operations = """
    from dokkupy import operation

    @operation(summary="x")
    def add(platform):
        "Add."
    """
    site.install("aaa", takes, operations=operations)
    with pytest.raises(Refused, match="would break domains: The command `domains add` clashes"):
        trial.load(paths.root, candidate(site, "aaa"))


def test_another_version_than_was_fetched_is_not_taken_for_it(site: Site, paths: Paths) -> None:
    site.install("tried", GOOD)
    with pytest.raises(Refused, match="would not be the plugin tried here"):
        trial.load(paths.root, candidate(site, version="2.0"))


def test_an_error_over_there_is_one_here(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as caught:
        fresh.switch(tmp_path, "ann", "x", on=True, event="plugin.installed")
    assert str(tmp_path) in caught.value.message
    assert caught.value.hint


def test_one_that_ends_its_python_is_told(site: Site, paths: Paths) -> None:
    site.install("tried", "import os\nos._exit(3)")
    with pytest.raises(PluginError, match=r"no answer to 'look' \(exit code 3\)"):
        trial.load(paths.root, candidate(site))


def test_a_change_of_plugins_waits_for_a_deploy_and_the_next_for_it(
    paths: Paths, store: Store
) -> None:
    store.apps.create(APP)
    begun, end = threading.Event(), threading.Event()

    def deploy() -> None:
        with app_lock(paths, APP, what="push of main", actor="bob"):
            begun.set()
            end.wait(30)

    deploying = threading.Thread(target=deploy)
    deploying.start()
    begun.wait(30)
    with ExitStack() as held:
        waiting = pause_deploys(held, paths, "ann", "plugin install x")
        assert "busy: push of main by bob" in next(waiting).text
        end.set()
        assert list(waiting) == []
        refused: list[str] = []

        def next_deploy() -> None:
            try:
                with try_app_lock(paths, APP, what="push of main"):
                    pass
            except Locked as error:
                refused.append(error.message)

        thread = threading.Thread(target=next_deploy)
        thread.start()
        thread.join(30)
        assert "plugin install x by ann" in refused[0]
    deploying.join(30)
    with try_app_lock(paths, APP, what="push of main"):
        pass


def test_where_there_is_no_root_yet_nothing_waits(tmp_path: Path) -> None:
    from dokkupy.paths import Paths

    with ExitStack() as held:
        assert list(pause_deploys(held, Paths(tmp_path), "ann", "plugin install x")) == []
