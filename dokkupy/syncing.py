"""An app's deploy branch brought to where a branch of another repository is."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dokkupy import branches, deploy_keys, git, pipeline, repositories
from dokkupy.locks import app_lock
from dokkupy.report import Report
from dokkupy.repositories import RepositoryUrl

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.work import Send


def sync(
    platform: Platform, send: Send, *, app: AppName, url: str, wanted: str | None, build: bool
) -> dict[str, Any]:
    """Fetch a branch, tag or commit into the deploy branch; `build` deploys it unless it runs.

    Raises:
        NotFound: the other repository has nothing of that name.
        Refused: it does not answer, or is too large.
        DokkupyError: the deploy failed; the branch is where it was.
    """
    platform.store.apps.refuse_locked(app)
    report, origin = Report(send), RepositoryUrl.parse(url)
    repository = git.ensure_repo(platform.paths, app)
    report.progress(f"Fetching from {origin}")
    with deploy_keys.way(platform, app) as ssh:
        found = repositories.look(repository, origin, wanted, ssh=ssh)
        new = _fetched(platform, app, origin, found, ssh)
    arriving = git.BRANCHES + (found.branch or branches.USUAL[0])
    ref = git.BRANCHES + branches.deploy_branch(platform, app, [arriving])
    old = git.current(platform.paths, app, ref)
    platform.store.documents.set(app, *git.ORIGIN, str(origin))
    live = platform.store.releases.live(app)
    deployment = None
    if not build:
        with app_lock(platform.paths, app, what="git sync", actor=platform.actor):
            git.update_ref(platform.paths, app, ref, new, old)
    elif live is None or live.revision != new:
        what = f"sync of {found.branch or wanted}"
        done = pipeline.push(platform, send, app=app, ref=ref, old=old, new=new, what=what)
        deployment = asdict(done)
    return {
        "app": app,
        "branch": branches.short(ref),
        "commit": new,
        "moved": old != new,
        "deployment": deployment,
    }


def _fetched(
    platform: Platform,
    app: AppName,
    origin: RepositoryUrl,
    found: repositories.Found,
    ssh: str,
) -> str:
    # A name of this process's own, so that two at a time do not meet.
    repository, ref = git.repository(platform.paths, app), f"refs/dokkupy/sync-{os.getpid()}"
    try:
        return repositories.fetch(repository, origin, found.source, ref, ssh=ssh)
    finally:
        git.delete_ref(repository, ref)
