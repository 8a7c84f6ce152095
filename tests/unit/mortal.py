"""A runner that dies before a step: what it would still do has no effect."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from dokkupy import git
from dokkupy.platform import Platform
from dokkupy.store import RolloutState
from dokkupy.testing import stand_in

if TYPE_CHECKING:
    from tests.unit.shop import Shop


class Death(BaseException):
    """The runner is dead; nothing that it still does has an effect."""


Fatal = Callable[[str], bool]
CHANGES = {"tag", "create", "start", "stop", "kill", "remove", "set_restart_policy", "apply"}


class Life:
    """Passes on what a platform does until a step that is fatal, and nothing from then on."""

    def __init__(self, fatal: Fatal) -> None:
        self.steps: list[str] = []
        self.dead = False
        self._fatal = fatal
        self._lock = threading.RLock()

    def step(self, name: str) -> None:
        """Take a step, or die before it."""
        with self._lock:
            if not self.dead:
                self.steps.append(name)
                self.dead = self._fatal(name)
            if self.dead:
                raise Death(name)

    def bound(self, thing: object) -> Any:
        """Return an engine or a proxy whose every change is a step."""
        life = self

        class Bound:
            def __getattr__(self, name: str) -> object:
                found = getattr(thing, name)
                if not callable(found):
                    return found

                def call(*args: Any, **kwargs: Any) -> object:
                    if name in CHANGES:
                        life.step(name)
                    elif life.dead:
                        raise Death(name)
                    return found(*args, **kwargs)

                return call

        return Bound()


@contextmanager
def living(shop: Shop, fatal: Fatal) -> Iterator[tuple[Platform, Life]]:
    """Give a runner's platform on the shop's root, engine and proxy, which dies as it is told."""
    life = Life(fatal)
    platform = Platform(
        shop.platform.paths.root,
        actor="runner",
        engine=life.bound(shop.engine),
        proxy=life.bound(shop.proxy),
        plugins=[],
    )
    platform.hooks.add("stand-in", stand_in)
    database, rollouts = platform.store.database, platform.store.rollouts
    write, reach, update_ref = database.write, rollouts.reach, git.update_ref
    depth = threading.local()

    @contextmanager
    def mortal_write() -> Iterator[object]:
        outermost = not getattr(depth, "inside", False)
        if outermost:
            life.step("write")
        depth.inside = True
        try:
            with write() as connection:
                yield connection
        finally:
            if outermost:
                depth.inside = False

    def mortal_reach(row: Any, state: RolloutState) -> None:
        life.step(f"reach {state}")
        reach(row, state)

    def mortal_update_ref(*args: Any) -> None:
        life.step("update_ref")
        update_ref(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "write", mortal_write)
        patch.setattr(rollouts, "reach", mortal_reach)
        patch.setattr(git, "update_ref", mortal_update_ref)
        yield platform, life
    platform.close()


def before(state: RolloutState) -> Fatal:
    """Die before a state is written."""
    return lambda step: step == f"reach {state}"


def after(state: RolloutState) -> Fatal:
    """Die before the first thing that is done once a state has been written."""
    reached = False

    def fatal(step: str) -> bool:
        nonlocal reached
        # The write that the state is in belongs to it.
        died = reached and step != "write"
        reached = reached or step == f"reach {state}"
        return died

    return fatal


def before_step(number: int) -> Fatal:
    """Die before the step of that number."""
    left = number

    def fatal(_: str) -> bool:
        nonlocal left
        left -= 1
        return left < 0

    return fatal
