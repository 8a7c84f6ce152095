"""Reading the ledger and appending to it: which release is live, which came before, the next."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dokkupy import contents, env
from dokkupy.errors import Conflict, ImageNotFound, NotFound, UsageError
from dokkupy.scheduler_docker import image_repository
from dokkupy.types import Environment, Instance, InstanceState, Release, ReleaseState

if TYPE_CHECKING:
    from dokkupy.contents import Contents
    from dokkupy.names import AppName
    from dokkupy.platform import Platform
    from dokkupy.report import Report


def record(
    platform: Platform,
    app: AppName,
    made_of: Contents,
    *,
    what: str,
    config: Environment | None,
    env_of: Release | None,
) -> Release:
    """Append the app's next release, its image tagged so that pruning cannot take it.

    `config` stands in for the app's stored config, `env_of` gives its compiled environment.
    """
    store = platform.store
    own = store.config.get(app) if config is None else config
    if env_of is None:
        compiled = env.merge(env.layers(store, platform.hooks, app, "run", app_config=own))
    else:
        # It may be of the time before the app was renamed.
        compiled = Environment(env_of.env | env.identity(app, env_of.config))
    release = Release(
        app=app,
        number=store.releases.next_number(app),
        image=made_of.image,
        revision=made_of.revision,
        builder=made_of.builder,
        processes=contents.with_port(made_of.processes, compiled),
        release_task=made_of.release_task,
        env=compiled,
        config=own,
        description=what,
        actor=platform.actor,
        created_at=time.time(),
        build=made_of.build,
    )
    repository = image_repository(platform.root_id, app)
    platform.engine.tag(release.image, f"{repository}:release-{release.number}")
    store.releases.add(release)
    return release


def contents_of(platform: Platform, release: Release) -> Contents:
    """Return what a release was made of.

    Raises:
        ImageNotFound: its image is gone.
    """
    try:
        image = platform.engine.image(release.image)
    except ImageNotFound as error:
        again = f"dokkupy deploy {release.app} --ref {release.revision[:12]}"
        if release.state is ReleaseState.LIVE:
            again = f"dokkupy ps rebuild {release.app}"
        raise ImageNotFound(
            f"The image of release {release.number} of {release.app} is gone.",
            hint=f"Build its revision again: {again}",
            detail=error.message,
        ) from error
    return contents.of_release(release, image)


def live(platform: Platform, app: AppName) -> Release:
    """Return the release that has the traffic.

    Raises:
        Conflict: the app has not been deployed yet.
    """
    release = platform.store.releases.live(app)
    if release is None:
        raise Conflict(
            f"App {app} has not been deployed yet.",
            hint=f"See where to push it: dokkupy git remote {app}",
        )
    return release


def earlier(platform: Platform, app: AppName, number: int | None) -> Release:
    """Return release `number`, or the one that had the traffic before the live one.

    Raises:
        NotFound: there is none.
        UsageError: it never had the traffic.
    """
    current = live(platform, app)
    if number is not None:
        target = platform.store.releases.get(app, number)
        if target.state in (ReleaseState.FAILED, ReleaseState.PENDING):
            raise UsageError(
                f"Release {number} of {app} never had the traffic.",
                hint=f"Choose another: dokkupy releases list {app}",
            )
        return target
    for release in platform.store.releases.list(app):
        if release.number < current.number and release.state is ReleaseState.SUPERSEDED:
            return release
    raise NotFound(
        f"App {app} has no earlier release.", hint=f"See them: dokkupy releases list {app}"
    )


def running(platform: Platform, app: AppName) -> list[Instance]:
    """Return the containers that have the app's traffic and work."""
    return [i for i in platform.store.instances.list(app) if i.state is InstanceState.LIVE]


def matching(platform: Platform, app: AppName, wanted: str) -> list[Instance]:
    """Return those of them that are of a process, the one of a name, or all for empty.

    Raises:
        NotFound: there is none, or no such app.
    """
    platform.store.apps.get(app)
    there = running(platform, app)
    found = [one for one in there if wanted in ("", one.process, one.name)]
    if not found:
        names = ", ".join(one.name for one in there)
        raise NotFound(
            f"App {app} has no running container {wanted}".rstrip() + ".",
            hint=f"It has: {names}" if names else _way_to_run(platform, app, wanted),
        )
    return found


def _way_to_run(platform: Platform, app: AppName, wanted: str) -> str:
    """Return what makes an app run of which nothing runs."""
    release = platform.store.releases.live(app)
    if release is None:
        return f"See where to push it: dokkupy git remote {app}"
    if platform.store.apps.get(app).stopped:
        return f"Start it: dokkupy ps start {app}"
    known = [process.name for process in release.processes]
    asked = [name for name in known if name == wanted.partition(".")[0]]
    return f"Run one: dokkupy ps scale {app} {(asked or known)[0]}=1"


def note_steps(platform: Platform, report: Report, release: Release) -> None:
    """Write how long each step of a release took."""
    for name, seconds in report.steps:
        platform.store.releases.add_step(release.app, release.number, name, seconds)
