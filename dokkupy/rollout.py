"""One rollout: staged, checked, switched, on probation, settled, drained, retired, or undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dokkupy import check, recovery, routes
from dokkupy.check import Candidate
from dokkupy.errors import DeployFailed, ProxyRefused
from dokkupy.plan import Plan, Slot
from dokkupy.recovery import Pace, each
from dokkupy.scheduler import Placed, Placement
from dokkupy.store import RefUpdate, RolloutState
from dokkupy.types import Failure, Instance, InstanceState

if TYPE_CHECKING:
    from dokkupy.changes import Change
    from dokkupy.platform import Platform


class RolloutRun:
    """Walks one rollout; every state is in the store before its step begins."""

    def __init__(
        self,
        platform: Platform,
        plan: Plan,
        change: Change,
        *,
        pace: Pace,
        ref_update: RefUpdate | None = None,
    ) -> None:
        self._platform = platform
        self._store = platform.store
        self._plan = plan
        self._change = change
        self._pace = pace
        self._candidates: list[Candidate] = []
        live = self._store.releases.live(plan.release.app)
        self._row = self._store.rollouts.begin(
            plan.release.app, plan.release.number, live.number if live else 0, ref_update
        )
        self._state = self._row.state
        self._routed = False

    def stage(self) -> None:
        """Start the planned containers beside the old ones.

        Raises:
            DokkupyError: one could not be started.
        """
        release = self._plan.release
        announced = [
            (self._store.instances.add(release.app, release.number, s.process.name, s.ordinal), s)
            for s in self._plan.stage
        ]
        hosts = self._store.routes.all().get(release.app, [])
        host = next(iter(hosts), f"{release.app}.invalid").replace("*", "www")

        def launch(item: tuple[Instance, Slot]) -> Placed:
            instance, slot = item
            return self._platform.scheduler.stage(
                Placement(
                    instance=instance.id,
                    release=release,
                    process=slot.process,
                    ordinal=slot.ordinal,
                    scale=slot.scale,
                )
            )

        for (instance, slot), placed in zip(announced, each(launch, announced), strict=True):
            row = self._store.instances.place(instance.id, placed.reference, placed.endpoint)
            self._candidates.append(Candidate(instance=row, slot=slot, host=host))
        self._reach(RolloutState.STAGED)

    @property
    def instances(self) -> list[Instance]:
        """The staged containers."""
        return [candidate.instance for candidate in self._candidates]

    def check(self) -> None:
        """Wait until every staged container has passed its check.

        Raises:
            DeployFailed: one did not; cause, fix and log are in it.
        """
        failure = check.await_all(self._platform.scheduler, self._candidates)
        if failure is not None:
            raise refusal(failure)
        self._reach(RolloutState.CHECKED)

    def switch(self) -> None:
        """Move the traffic to the staged containers, the old ones standing by.

        Raises:
            ProxyRefused: the old containers still have it.
        """
        with self._store.write():
            self._store.instances.set_state([i.id for i in self.instances], InstanceState.LIVE)
            self._store.instances.set_state(
                [i.id for i in self._plan.retire], InstanceState.DRAINING
            )
            self._change.commit()
            self._reach(RolloutState.SWITCHED)
        self._routed = True
        try:
            routes.apply(self._platform, changed=self._plan.release.app)
        except ProxyRefused:
            self._routed = False
            raise

    def probation(self) -> None:
        """Watch the new containers while the old ones, if there are any, still stand by.

        Raises:
            DeployFailed: one died or fell silent.
        """
        # Files that answer now cannot die.
        watched = [one for one in self._candidates if one.slot.process.site is None]
        if watched:
            failure = check.await_probation(self._platform.scheduler, watched, self._pace.probation)
            if failure is not None:
                raise refusal(failure)

    def undo(self) -> None:
        """Give the traffic back to the old containers and remove the staged ones.

        Raises:
            ProxyRefused: the staged ones still have the traffic, so they stay until a later try.
        """
        switched = self._state.serves_new
        with self._store.write():
            self._store.instances.set_state([i.id for i in self.instances], InstanceState.STAGED)
            if switched:
                self._store.instances.set_state(
                    [i.id for i in self._plan.retire], InstanceState.LIVE
                )
                self._change.revert()
            self._reach(RolloutState.UNDOING)
        recovery.undo(self._platform, self._row, routed=self._routed)

    def finish(self) -> None:
        """Let go of the old containers once nobody talks to them any more."""
        recovery.finish(self._platform, self._row, self._pace)

    def _reach(self, state: RolloutState) -> None:
        self._store.rollouts.reach(self._row, state)
        self._state = state


def refusal(failure: Failure) -> DeployFailed:
    """Return a failure as the error that ends a deploy."""
    return DeployFailed(f"{failure.cause}.", hint=failure.fix, detail=failure.log)
