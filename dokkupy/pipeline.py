"""The way of a push, and of everything else that ends in a rollout.

    source -> build -> contents -> release -> release task -> plan
      -> stage -> check -> switch -> probation -> settle -> drain -> retire

Each function below is one entrance to that way, run by the detached runner: it takes the
platform, where to send lines, and plain values; it returns a `Deployment`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dokkupy import (
    building,
    changes,
    contents,
    git,
    housekeeping,
    last_failure,
    ledger,
    plan,
    recovery,
    routes,
)
from dokkupy.changes import ConfigEdit
from dokkupy.deployment import Deployment
from dokkupy.errors import Conflict, DokkupyError, NotFound
from dokkupy.locks import app_lock
from dokkupy.names import AppName
from dokkupy.plan import Plan
from dokkupy.recovery import Pace
from dokkupy.report import Report
from dokkupy.rollout import RolloutRun
from dokkupy.scheduler import OneOff
from dokkupy.store import RefUpdate
from dokkupy.types import Environment, Line, Release, ReleaseState, Scale

if TYPE_CHECKING:
    from dokkupy.changes import Change
    from dokkupy.contents import Contents
    from dokkupy.names import ProcessName
    from dokkupy.platform import Platform

Send = Callable[[Line], None]


def push(
    platform: Platform, send: Send, *, app: AppName, ref: str, old: str, new: str
) -> Deployment:
    """Deploy what was pushed to the deploy branch; the branch moves when it has the traffic."""
    branch = ref.removeprefix(git.BRANCHES)
    with at_work(platform, send, app, f"push of {branch}") as report:
        now = git.refuse_stale(platform.paths, app, ref, old, new)
        update = RefUpdate(ref=ref, old=now, new=new)
        return _deploy_revision(
            platform, report, app, new, what=f"push of {branch}", ref_update=update
        )


def deploy(platform: Platform, send: Send, *, app: AppName, revision: str) -> Deployment:
    """Deploy a branch or commit that the app's repository has already."""
    with at_work(platform, send, app, f"deploy of {revision}") as report:
        commit = git.resolve(platform.paths, app, revision)
        return _deploy_revision(platform, report, app, commit, what=f"deploy of {revision}")


def change_config(
    platform: Platform,
    send: Send,
    *,
    app: AppName,
    assign: Mapping[str, str],
    unset: Sequence[str],
) -> Deployment:
    """Set and unset variables of a deployed app as one new release; together or not at all."""
    what = "config " + " ".join([*sorted(assign), *(f"-{key}" for key in unset)])
    with at_work(platform, send, app, what) as report:
        before = platform.store.config.get(app)
        after = Environment({**before, **assign})
        for key in unset:
            after.pop(key, None)
        made_of = ledger.contents_of(platform, ledger.live(platform, app))
        edit = ConfigEdit(before=before, after=after)
        return _release(platform, report, app, made_of, what=what, edit=edit)


def refresh(platform: Platform, send: Send, *, app: AppName, reason: str) -> Deployment:
    """Deploy the live contents anew with today's environment; after a change of global config."""
    with at_work(platform, send, app, reason) as report:
        made_of = ledger.contents_of(platform, ledger.live(platform, app))
        return _release(platform, report, app, made_of, what=reason)


def adopt(platform: Platform, send: Send, *, app: AppName, origin: str) -> Deployment:
    """Deploy what another app's live release is made of; the first deploy of its clone."""
    with at_work(platform, send, app, f"clone of {origin}") as report:
        theirs = ledger.live(platform, AppName(origin))
        made_of = ledger.contents_of(platform, theirs)
        return _release(platform, report, app, made_of, what=f"clone of {origin}")


def rollback(
    platform: Platform, send: Send, *, app: AppName, number: int | None, keep_config: bool
) -> Deployment:
    """Deploy the contents of an earlier release without a build, by default with its config."""
    with at_work(platform, send, app, "rollback") as report:
        target = ledger.earlier(platform, app, number)
        what = f"rollback to release {target.number}"
        made_of = ledger.contents_of(platform, target)
        if keep_config:
            return _release(platform, report, app, made_of, what=what)
        edit = ConfigEdit(before=platform.store.config.get(app), after=target.config)
        return _release(platform, report, app, made_of, what=what, edit=edit, env_of=target)


def scale(
    platform: Platform, send: Send, *, app: AppName, quantities: Mapping[ProcessName, int]
) -> Deployment:
    """Run more or fewer containers of the live release; only the difference is touched."""
    with at_work(platform, send, app, "scale") as report:
        release = ledger.live(platform, app)
        before = platform.store.formation.get(app)
        _require(release, list(quantities))
        after = before | {
            name: replace(plan.scale_of(name, before), quantity=quantity)
            for name, quantity in quantities.items()
        }
        planned = plan.difference(release, after, ledger.running(platform, app))
        planned = _unless_stopped(platform, planned)
        return place(platform, report, planned, changes.scaled(platform, app, after))


def limit(
    platform: Platform,
    send: Send,
    *,
    app: AppName,
    process: ProcessName,
    memory: int | None,
    cpus: float | None,
    pids: int | None,
) -> Deployment:
    """Change what each container of a process may take (bytes, cores, tasks); None stays."""
    with at_work(platform, send, app, f"limit of {process}") as report:
        release = ledger.live(platform, app)
        _require(release, [process])
        before = platform.store.formation.get(app)
        given = {"memory": memory, "cpus": cpus, "pids": pids}
        wanted: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        after = before | {process: replace(plan.scale_of(process, before), **wanted)}
        running = ledger.running(platform, app)
        planned = plan.replacement(release, after, running, [process])
        planned = _unless_stopped(platform, planned)
        return place(platform, report, planned, changes.scaled(platform, app, after))


def restart(
    platform: Platform, send: Send, *, app: AppName, processes: Sequence[ProcessName]
) -> Deployment:
    """Replace the containers of the named processes, or all, by new ones of the live release."""
    with at_work(platform, send, app, "restart") as report:
        release = ledger.live(platform, app)
        _require(release, processes)
        if platform.store.apps.get(app).stopped:
            raise Conflict(f"App {app} is stopped.", hint=f"Start it: dokkupy ps start {app}")
        named = processes or [process.name for process in release.processes]
        formation = platform.store.formation.get(app)
        planned = plan.replacement(release, formation, ledger.running(platform, app), named)
        return place(platform, report, planned, changes.no_change())


def stop(platform: Platform, send: Send, *, app: AppName) -> Deployment:
    """Answer with the stopped page and end every container."""
    with at_work(platform, send, app, "stop") as report:
        release = ledger.live(platform, app)
        planned = plan.nothing(release, ledger.running(platform, app))
        return place(platform, report, planned, changes.stopping(platform, app, stopped=True))


def start(platform: Platform, send: Send, *, app: AppName) -> Deployment:
    """Run a stopped app again."""
    with at_work(platform, send, app, "start") as report:
        release = ledger.live(platform, app)
        formation = platform.store.formation.get(app)
        planned = plan.difference(release, formation, ledger.running(platform, app))
        return place(platform, report, planned, changes.stopping(platform, app, stopped=False))


def apply_routes(platform: Platform, *, changed: str = "") -> None:
    """Enter at the routes: after a change of domains or proxy settings nothing is staged.

    Raises:
        ProxyRefused: what served before still serves.
    """
    routes.apply(platform, changed=changed)


@contextmanager
def at_work(platform: Platform, send: Send, app: AppName, what: str) -> Iterator[Report]:
    """Hold the app's lock, mend what a dead runner left, tell plugins of a failure, tidy up."""
    report = Report(send)
    _require_changeable(platform, app)
    platform.engine.warm()
    with app_lock(
        platform.paths,
        app,
        what=what,
        actor=platform.actor,
        on_wait=lambda holder: report.progress(f"Waiting: {app} is busy with {holder}"),
    ):
        _require_changeable(platform, app)  # it may have been destroyed or locked meanwhile
        recovery.recover(platform, app, report)
        recovery.recover_all(platform, report, but=app)
        try:
            yield report
        except DokkupyError as error:
            failure = last_failure.keep(platform.store, app, what, error)
            platform.hooks.deploy_failed(app=app, failure=failure)
            housekeeping.tidy(platform, app, report, failed=True)
            if report.has_shown(error.detail):
                error.detail = ""
            raise
        last_failure.forget(platform.store, app)
        housekeeping.tidy(platform, app, report)


def _require_changeable(platform: Platform, app: AppName) -> None:
    platform.store.apps.get(app)
    platform.store.apps.refuse_locked(app)


def _deploy_revision(
    platform: Platform,
    report: Report,
    app: AppName,
    revision: str,
    *,
    what: str,
    ref_update: RefUpdate | None = None,
) -> Deployment:
    with building.exported(platform, app, revision, f"{what} ({revision[:8]})") as source:
        platform.hooks.pre_build(source=source)
        with report.step("build"):
            build = building.build(platform, report, source)
        platform.hooks.post_build(build=build)
        made_of = contents.of_build(source, build, platform.engine.image(build.image))
    return _release(
        platform, report, app, made_of, what=what, with_task=True, ref_update=ref_update
    )


def _release(
    platform: Platform,
    report: Report,
    app: AppName,
    made_of: Contents,
    *,
    what: str,
    edit: ConfigEdit | None = None,
    env_of: Release | None = None,
    with_task: bool = False,
    ref_update: RefUpdate | None = None,
) -> Deployment:
    config = None if edit is None else edit.after
    release = ledger.record(platform, app, made_of, what=what, config=config, env_of=env_of)
    try:
        if with_task and release.release_task:
            with report.step("release task"):
                _run_task(platform, report, release)
        platform.hooks.pre_deploy(release=release)
        formation = platform.store.formation.get(app)
        planned = plan.everything(release, formation, ledger.running(platform, app))
        planned = _unless_stopped(platform, planned)
        going_live = changes.going_live(platform, release, edit)
        done = place(platform, report, planned, going_live, ref_update)
    except DokkupyError as error:
        # What fails after the switch does not make a release fail that has the traffic.
        if platform.store.releases.get(app, release.number).state is not ReleaseState.LIVE:
            _fail(platform, report, release, error)
        ledger.note_steps(platform, report, release)
        raise
    ledger.note_steps(platform, report, release)
    platform.hooks.post_deploy(release=release)
    return done


def _fail(platform: Platform, report: Report, release: Release, error: DokkupyError) -> None:
    """Write that a release failed; while something of it cannot be removed it stays pending."""
    app, state = release.app, ReleaseState.FAILED
    if not platform.store.rollouts.unfinished(app):  # else what is staged may have the traffic
        try:
            recovery.sweep(platform, app)
        except DokkupyError as left:
            state = ReleaseState.PENDING
            report.warning(f"{left.message} Any later command removes what is left.")
    platform.store.releases.set_state(app, release.number, state, error=error.message)


def _unless_stopped(platform: Platform, planned: Plan) -> Plan:
    """Return a plan that stages nothing when the app is stopped: it stays so."""
    stopped = platform.store.apps.get(planned.release.app).stopped
    return replace(planned, stage=()) if stopped else planned


def _run_task(platform: Platform, report: Report, release: Release) -> None:
    report.progress(f"Running the release task: {release.release_task[-1]}")
    task = OneOff(
        release=release,
        command=release.release_task,
        env=Environment(),
        scale=Scale(quantity=1),
        purpose="release",
    )
    for line in platform.scheduler.run(task):
        report.output(line.decode("utf-8", "replace"))


def place(
    platform: Platform,
    report: Report,
    planned: Plan,
    change: Change,
    ref_update: RefUpdate | None = None,
) -> Deployment:
    """Walk one rollout from staged to retired, or back; needs the app's lock.

    Raises:
        DokkupyError: what was staged is gone, what served before still serves.
    """
    release, began = planned.release, time.monotonic()
    pace = recovery.pace_of(platform, release.app)
    run = RolloutRun(platform, planned, change, pace=pace, ref_update=ref_update)
    try:
        with report.step("stage"), routes.prepared(platform, release.app):
            run.stage()
        with report.step("check"):
            run.check()
            platform.hooks.check_deploy(release=release, instances=run.instances)
        with report.step("switch"):
            run.switch()
        if planned.stage:
            report.progress(_serving(platform, planned, pace))
        with report.step("probation"):
            run.probation()
    except BaseException:
        _undo(run, report)
        raise
    with report.step("drain and retire"):
        run.finish()
    done = Deployment(
        app=release.app,
        release=release.number,
        urls=tuple(routes.urls(platform, release.app)),
        seconds=time.monotonic() - began,
        stopped=platform.store.apps.get(release.app).stopped,
    )
    report.progress(done.text())
    return done


def _undo(run: RolloutRun, report: Report) -> None:
    try:
        run.undo()
    except DokkupyError as error:
        # Why it had to be undone is the error to end with.
        report.warning(f"{error.message} It is not wholly undone; any later command tries again.")


def _serving(platform: Platform, planned: Plan, pace: Pace) -> str:
    found = routes.urls(platform, planned.release.app)
    where = f" at {found[0]}" if found else ""
    watched = f"; watching it for {pace.probation:g} s" if planned.retire else ""
    return f"Release {planned.release.number} has the traffic{where}{watched}"


def _require(release: Release, processes: Sequence[ProcessName]) -> None:
    known = [process.name for process in release.processes]
    for process in processes:
        if process not in known:
            raise NotFound(
                f"App {release.app} has no process {process}.", hint=f"It has: {', '.join(known)}"
            )
