"""Makes the runner of one push mortal: it notes every moment that it lives, and dies at one.

Python imports this at its start because the test puts the folder on PYTHONPATH; nothing in
dokkupy knows of it. A moment is "before" or "after" one of these: a state of the rollout that is
written, a step of the report, a hook.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VARIABLE = "MORTAL"


class Life:
    """What the test has told: where to note the moments, which one is the last."""

    def __init__(self, *, journal: str, dies: str) -> None:
        self._journal = journal
        self._dies = dies

    def moment(self, name: str) -> None:
        with Path(self._journal).open("a") as journal:  # the runner closes what it did not open
            journal.write(f"{name}\n")
        if name == self._dies:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.moment(f"before {name}")
            found = function(*args, **kwargs)
            self.moment(f"after {name}")
            return found

        return call


def replace(owner: object, name: str, by: object) -> None:
    setattr(owner, name, by)


def notice_states(life: Life) -> None:
    from dokkupy.store.database import Database
    from dokkupy.store.rollouts import Rollouts, RolloutState

    written: list[str] = []
    write, reach = Database.write, Rollouts.reach

    @contextmanager
    def mortal_write(self: Database) -> Iterator[Any]:
        with write(self) as connection:
            yield connection
        if not connection.in_transaction:  # what was written in it is there only now
            names, written[:] = written[:], []
            for name in names:
                life.moment(f"after state {name}")

    def mortal_reach(self: Rollouts, row: Any, state: RolloutState) -> None:
        life.moment(f"before state {state}")
        written.append(state)
        reach(self, row, state)

    replace(Database, "write", mortal_write)
    replace(Rollouts, "reach", mortal_reach)
    replace(Rollouts, "begin", life.around(f"state {RolloutState.STAGING}", Rollouts.begin))


def notice_steps(life: Life) -> None:
    from dokkupy.report import Report

    step = Report.step

    @contextmanager
    def mortal_step(self: Report, name: str) -> Iterator[None]:
        life.moment(f"before step {name}")
        with step(self, name):
            yield
        life.moment(f"after step {name}")

    replace(Report, "step", mortal_step)


def notice_hooks(life: Life) -> None:
    from dokkupy.hooks import Hooks
    from dokkupy.hookspecs import POLICIES

    for hook, policy in POLICIES.items():
        if policy in ("veto", "isolated") and hook != "on_event":
            replace(Hooks, hook, life.around(f"hook {hook}", getattr(Hooks, hook)))


def fail_on_probation() -> None:
    from dokkupy import check
    from dokkupy.types import Failure

    failure = Failure(process="web", cause="web.1 fell silent", fix="Look at it.", log="")
    replace(check, "await_probation", lambda *_: failure)


if VARIABLE in os.environ and any("dokkupy.runner" in word for word in sys.orig_argv):
    told = json.loads(os.environ[VARIABLE])
    a_life = Life(journal=told["journal"], dies=told["dies"])
    notice_states(a_life)
    notice_steps(a_life)
    notice_hooks(a_life)
    if told["fails"]:
        fail_on_probation()
