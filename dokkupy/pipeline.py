"""The way of a push, and of everything else that ends in a rollout.

    source -> build -> contents -> test -> release -> release task -> plan
      -> stage -> check -> switch -> probation -> settle -> drain -> retire

Each function below is one entrance to that way, run by the detached runner: it takes the
platform, where to send lines, and plain values; it returns a `Deployment`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dokkupy import (
    build_queue,
    building,
    builds,
    changes,
    contents,
    declared,
    git,
    images,
    ledger,
    plan,
    recovery,
    routes,
    trial,
)
from dokkupy.changes import ConfigEdit
from dokkupy.deployment import Deployment
from dokkupy.errors import DokkupyError
from dokkupy.names import AppName
from dokkupy.plan import Plan
from dokkupy.recovery import Pace
from dokkupy.report import Report
from dokkupy.rollout import RolloutRun
from dokkupy.scheduler import OneOff
from dokkupy.store import RefUpdate
from dokkupy.types import BuildState, Environment, Release, ReleaseState, Scale
from dokkupy.work import Send, at_work

if TYPE_CHECKING:
    from dokkupy.changes import Change
    from dokkupy.contents import Contents
    from dokkupy.platform import Platform


def push(
    platform: Platform,
    send: Send,
    *,
    app: AppName,
    ref: str,
    old: str,
    new: str,
    what: str = "",
) -> Deployment:
    """Deploy what has come for the deploy branch, which moves when that has the traffic.

    `what` says where it came from when nobody pushed it.
    """
    what = what or f"push of {ref.removeprefix(git.BRANCHES)}"
    with at_work(platform, send, app, what) as report:
        now = git.refuse_stale(platform.paths, app, ref, old, new)
        update = RefUpdate(ref=ref, old=now, new=new)
        return _deploy_revision(platform, report, app, new, what=what, ref_update=update)


def deploy(platform: Platform, send: Send, *, app: AppName, revision: str) -> Deployment:
    """Deploy a branch or commit that the app's repository has already."""
    with at_work(platform, send, app, f"deploy of {revision}") as report:
        commit = git.resolve(platform.paths, app, revision)
        return _deploy_revision(platform, report, app, commit, what=f"deploy of {revision}")


def build(platform: Platform, send: Send, *, app: AppName, revision: str) -> dict[str, int]:
    """Build and test a branch or commit without deploying it; return the build's number."""
    with at_work(platform, send, app, f"build of {revision}") as report:
        commit = git.resolve(platform.paths, app, revision)
        made_of = _build(platform, report, app, commit, what=f"build of {revision}", pin=True)
        return {"build": made_of.build}


def deploy_build(platform: Platform, send: Send, *, app: AppName, number: int) -> Deployment:
    """Deploy a build that was made before."""
    with at_work(platform, send, app, f"deploy of build {number}") as report:
        made_of = contents.of_record(builds.deployable(platform, app, number))
        what = f"deploy of build {number}"
        return _release(platform, report, app, made_of, what=what, with_task=True)


def deploy_image(platform: Platform, send: Send, *, app: AppName, reference: str) -> Deployment:
    """Deploy an image that was built elsewhere."""
    with at_work(platform, send, app, f"deploy of {reference}") as report:
        with report.step("fetch"):
            image = images.fetch(platform, report, reference)
        made_of = contents.of_image(image)
        what = f"deploy of {reference}"
        return _release(platform, report, app, made_of, what=what, with_task=True)


def promote(platform: Platform, send: Send, *, app: AppName, origin: str) -> Deployment:
    """Deploy the image that another app runs, with this app's own config and no new build."""
    with at_work(platform, send, app, f"promotion of {origin}") as report:
        theirs, made_of = _of_another(platform, AppName(origin))
        what = f"promotion of release {theirs.number} of {origin}"
        return _release(platform, report, app, made_of, what=what, with_task=True)


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
        _, made_of = _of_another(platform, AppName(origin))
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


def apply_routes(platform: Platform, *, changed: str = "") -> None:
    """Enter at the routes: after a change of domains or proxy settings nothing is staged.

    Raises:
        ProxyRefused: what served before still serves.
    """
    routes.apply(platform, changed=changed)


def _of_another(platform: Platform, app: AppName) -> tuple[Release, Contents]:
    """Return what another app runs, and what that is made of; builds are numbered app by app."""
    theirs = ledger.live(platform, app)
    return theirs, replace(ledger.contents_of(platform, theirs), build=0)


def _deploy_revision(
    platform: Platform,
    report: Report,
    app: AppName,
    revision: str,
    *,
    what: str,
    ref_update: RefUpdate | None = None,
) -> Deployment:
    made_of = _build(platform, report, app, revision, what=what)
    return _release(
        platform, report, app, made_of, what=what, with_task=True, ref_update=ref_update
    )


def _build(
    platform: Platform,
    report: Report,
    app: AppName,
    revision: str,
    *,
    what: str,
    pin: bool = False,
) -> Contents:
    """Source -> image -> tested image, under a number; `pin` it when no release follows."""
    origin = f"{what} ({revision[:8]})"
    limit = platform.properties.get("builds", app, "timeout")
    with (
        building.exported(platform, app, revision, origin, report.progress) as source,
        builds.recorded(platform, report, source) as record,
    ):
        said = declared.read(source.path)
        tested = bool(said.test) and bool(platform.properties.get("builds", app, "test"))
        if tested:
            trial.refuse_unknown(platform, said)
        platform.hooks.pre_build(source=source)
        with build_queue.turn(platform, report, f"build {record.number} of {app}"):
            platform.store.builds.reach(record, BuildState.BUILDING)
            with report.step("build"), builds.time_limit(limit, "The build", app):
                build = building.build(platform, report, source, said)
        platform.hooks.post_build(build=build)
        image = platform.engine.image(build.image)
        made_of = replace(contents.of_build(source, build, image, said), build=record.number)
        if tested:
            with report.step("test"), builds.time_limit(limit, "The tests", app):
                trial.run(platform, report, app, made_of, said)
        builds.keep(platform, record, made_of, pin=pin)
    return made_of


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
        planned = unless_stopped(platform, planned)
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


def unless_stopped(platform: Platform, planned: Plan) -> Plan:
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
        urls=tuple(routes.answering(platform, release.app)),
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
    found = routes.answering(platform, planned.release.app)
    where = f" at {found[0]}" if found else ""
    can_die = any(slot.process.site is None for slot in planned.stage)
    watched = f"; watching it for {pace.probation:g} s" if can_die else ""
    return f"Release {planned.release.number} has the traffic{where}{watched}"
