"""The state that each rollout has reached, so that any later command can finish or undo it."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from enum import StrEnum

from dokkupy.names import AppName
from dokkupy.store.database import Database


class RolloutState(StrEnum):
    """How far a rollout has come; written before the step that its name tells of begins."""

    STAGING = "staging"
    STAGED = "staged"
    CHECKED = "checked"
    SWITCHED = "switched"
    SETTLED = "settled"
    DRAINED = "drained"
    RETIRED = "retired"
    UNDOING = "undoing"
    FAILED = "failed"

    @property
    def serves_new(self) -> bool:
        """True from the switch on: a dead runner's work is finished, not undone."""
        return self in _SERVES_NEW


_SERVES_NEW = frozenset(
    {RolloutState.SWITCHED, RolloutState.SETTLED, RolloutState.DRAINED, RolloutState.RETIRED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefUpdate:
    """A branch that moves when the rollout succeeds."""

    ref: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One placing of one release."""

    id: int
    app: AppName
    release: int
    previous: int
    """Number of the release that was live before; 0 for none."""
    state: RolloutState
    ref_update: RefUpdate | None
    started_at: float


class Rollouts:
    """Rollouts by id; the unfinished ones are what recovery looks for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self, app: AppName, release: int, previous: int, ref_update: RefUpdate | None
    ) -> Rollout:
        """Start a rollout in state `staging`."""
        ref = ref_update or RefUpdate(ref="", old="", new="")
        with self._database.write() as connection:
            cursor = connection.execute(
                "INSERT INTO rollouts (app, release, previous, state, git_ref, git_old, git_new,"
                " started_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    app,
                    release,
                    previous,
                    RolloutState.STAGING,
                    ref.ref,
                    ref.old,
                    ref.new,
                    time.time(),
                ),
            )
            row = connection.execute(
                "SELECT * FROM rollouts WHERE id = ?", (cursor.lastrowid,)
            ).fetchone()
        return _rollout(row)

    def reach(self, rollout: Rollout, state: RolloutState) -> None:
        """Write that `rollout` has reached `state`; the last two states finish it."""
        finished = state in (RolloutState.RETIRED, RolloutState.FAILED)
        with self._database.write() as connection:
            connection.execute(
                "UPDATE rollouts SET state = ?, finished_at = ? WHERE id = ?",
                (state, time.time() if finished else 0, rollout.id),
            )

    def unfinished(self, app: AppName | None = None) -> list[Rollout]:
        """Return the rollouts that are under way, or were left by a dead runner."""
        rows = self._database.rows(
            "SELECT * FROM rollouts WHERE finished_at = 0 AND (?1 IS NULL OR app = ?1) ORDER BY id",
            app,
        )
        return [_rollout(row) for row in rows]


def _rollout(row: sqlite3.Row) -> Rollout:
    update = None
    if row["git_ref"]:
        update = RefUpdate(ref=row["git_ref"], old=row["git_old"], new=row["git_new"])
    return Rollout(
        id=row["id"],
        app=AppName(row["app"]),
        release=row["release"],
        previous=row["previous"],
        state=RolloutState(row["state"]),
        ref_update=update,
        started_at=row["started_at"],
    )
