"""Which of the branches that arrive in a push is deployed, and which are only stored."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dokkupy import git, pipeline
from dokkupy.errors import Refused
from dokkupy.types import Line

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform

USUAL = ("main", "master")
"""Names that win when the first push of an app brings several branches."""


def push(
    platform: Platform,
    report: Callable[[Line], None],
    *,
    app: AppName,
    updates: Sequence[tuple[str, str, str]],
) -> dict[str, list[str]]:
    """Do the job of one push: deploy its deploy branch, tell how to deploy the others.

    Each update is a branch's full ref, its old and its new commit. Return the refs that the
    deploy has moved under `deployed`; the others are git's to store.

    Raises:
        Locked: nobody may change the app; nothing of the push is stored.
        Refused: the push deletes the deploy branch.
        DokkupyError: the deploy failed.
    """
    platform.store.apps.refuse_locked(app)
    arriving = [ref for ref, _, new in updates if new != git.ABSENT]
    chosen = git.BRANCHES + deploy_branch(platform, app, arriving)
    deployed = []
    for ref, old, new in updates:
        if ref != chosen:
            if new != git.ABSENT:
                report(Line(text=advice(app, ref, chosen), stream="warning"))
            continue
        if new == git.ABSENT:
            raise Refused(
                f"{short(ref)} is the branch that {app} deploys, so it stays.",
                hint=f"Deploy another one first: dokkupy git set {app} deploy-branch BRANCH",
            )
        pipeline.push(platform, report, app=app, ref=ref, old=old, new=new)
        deployed.append(ref)
    return {"deployed": deployed}


def deploy_branch(platform: Platform, app: AppName, arriving: Sequence[str]) -> str:
    """Return the app's deploy branch; without one, choose it among the refs that arrive.

    Empty when there is none yet and none arrives.

    Raises:
        NotFound: there is no such app.
    """
    apps = platform.store.apps
    with platform.store.write():
        branch = apps.get(app).deploy_branch
        if branch or not arriving:
            return branch
        branch = first(arriving)
        apps.set_deploy_branch(app, branch)
    git.set_head(platform.paths, app, branch)
    return branch


def first(arriving: Sequence[str]) -> str:
    """Return the branch that becomes the deploy branch when these refs are the first to arrive."""
    names = [short(ref) for ref in arriving]
    return next((name for name in USUAL if name in names), names[0])


def advice(app: AppName, ref: str, chosen: str) -> str:
    """Return what a person is told whose branch is stored and not deployed."""
    typed = shlex.quote(short(ref))  # a name may hold what a shell would obey
    return (
        f"{short(ref)} is stored, not deployed: {app} deploys {short(chosen)}.\n"
        f"Deploy it once: dokkupy deploy {app} --ref {typed}\n"
        f"Deploy it on every push: dokkupy git set {app} deploy-branch {typed}"
    )


def short(ref: str) -> str:
    """Return a branch's name as people use it."""
    return ref.removeprefix(git.BRANCHES)
