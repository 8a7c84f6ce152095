"""A locked app: whatever would change it is refused, whatever reads it works."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from dokkupy import branches, formation
from dokkupy.errors import Locked, UsageError
from dokkupy.index import current, folder, operation_of
from dokkupy.locks import app_lock
from dokkupy.operations import apps
from dokkupy.plugins import selection
from dokkupy.testing.patience import eventually

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.testing.cli import Cli
    from tests.unit.shop import Shop

WORKS_ON_LOCKED = {"apps clone", "apps lock", "apps unlock", "ps scale", "run stop"}
"""Core operations that neither read nor are interactive, and may be asked all the same."""


@pytest.fixture
def locked(shop: Shop) -> Shop:
    shop.push(web="one")
    apps.lock(shop.platform, shop.name, reason="stocktaking")
    return shop


def assert_untouched(shop: Shop) -> None:
    assert shop.visit() == (200, "one")
    assert shop.releases() == [(1, "live")]
    shop.assert_at_rest()


def test_a_locked_app_is_not_deployed_and_told_by_whom_it_is_locked(locked: Shop) -> None:
    with pytest.raises(Locked, match="App shop is locked by test: stocktaking") as error:
        locked.push(web="two")
    assert error.value.hint == "Unlock it: dokkupy apps unlock shop"
    assert_untouched(locked)


def test_nothing_of_a_push_to_a_locked_app_is_stored(locked: Shop) -> None:
    updates = [("refs/heads/other", "0" * 40, locked.source({"web": "two"}))]
    with pytest.raises(Locked):
        branches.push(locked.platform, locked.told.append, app=locked.name, updates=updates)
    assert locked.store.apps.get(locked.name).deploy_branch == ""


def test_an_unlocked_app_is_deployed_again(locked: Shop) -> None:
    apps.unlock(locked.platform, locked.name)
    locked.push(web="two")
    assert locked.visit() == (200, "two")


def test_work_that_waited_while_the_app_was_locked_is_refused(shop: Shop) -> None:
    shop.push(web="one")
    failed: list[Locked] = []

    def restart() -> None:
        try:
            formation.restart(shop.platform, shop.told.append, app=shop.name, processes=[])
        except Locked as error:
            failed.append(error)
        shop.platform.close()

    with app_lock(shop.platform.paths, shop.name, what="a deploy"):
        thread = threading.Thread(target=restart)
        thread.start()
        eventually(lambda: any("Waiting" in line.text for line in shop.told))
        apps.lock(shop.platform, shop.name)
    thread.join()
    assert len(failed) == 1
    assert_untouched(shop)


def test_every_operation_says_whether_it_may_be_asked_of_a_locked_app(locked: Shop) -> None:
    """Those that change an app are refused before their own first line."""
    platform = locked.platform
    index = current(folder(platform.paths.root), selection(platform.paths.root, ""))
    refused, asked = set(), set()
    for verbs in index.commands.values():
        for command in verbs.values():
            operation = operation_of(index, command)
            named = [item.name for item in operation.parameters if item.app]
            quiet = operation.spec.reads or operation.spec.interactive
            if not named or quiet:
                continue
            if operation.spec.despite_lock:
                asked.add(operation.title)
                continue
            values: dict[str, Any] = dict.fromkeys(named, locked.name)
            with pytest.raises(Locked):
                operation.run(platform, values)
            refused.add(operation.title)
    assert asked <= WORKS_ON_LOCKED
    assert {"apps destroy", "config set", "ps restart", "rollback", "deploy"} <= refused
    assert_untouched(locked)


def test_a_scale_is_shown_and_not_changed(locked: Shop) -> None:
    from dokkupy.operations import ps
    from dokkupy.operations.ps import Quantity

    shown = ps.scale(locked.platform, locked.name)
    with pytest.raises(StopIteration) as end:
        next(shown)
    assert end.value.value[0].process == "web"
    with pytest.raises(Locked):
        next(ps.scale(locked.platform, locked.name, [Quantity.parse("web=2")]))


def test_the_report_says_who_locked_it(cli: Cli, platform: Platform) -> None:
    cli("apps", "create", "a")
    assert cli("apps", "report", "a", "--json").json["locked_by"] is None
    done = cli("apps", "lock", "a", "--reason", "freeze")
    assert done.text.endswith("Unlock it: dokkupy apps unlock a\n")
    assert cli("apps", "report", "a", "--json").json["locked_by"].endswith(": freeze")
    refused = cli("apps", "destroy", "a", "--force")
    assert refused.exit_code == Locked.exit_code
    assert "Unlock it: dokkupy apps unlock a" in refused.stderr
    assert cli("apps", "unlock", "a").exit_code == 0
    assert cli("apps", "destroy", "a", "--force").exit_code == 0


def test_a_reason_is_one_line(shop: Shop) -> None:
    for reason in ("two\nlines", "\x1b[31mred", "x" * 201):
        with pytest.raises(UsageError, match="one line"):
            apps.lock(shop.platform, shop.name, reason=reason)
    assert not shop.store.apps.get(shop.name).locked_by
