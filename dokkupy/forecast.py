"""What a deploy would do, found out without touching anything."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dokkupy import building, builds, contents, declared, env, git, ledger, plan, routes, trial
from dokkupy.contents import Contents
from dokkupy.errors import Conflict, ImageNotFound
from dokkupy.names import AppName, ProcessName
from dokkupy.types import Environment, ProcessType, Release

if TYPE_CHECKING:
    from dokkupy.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What deploying would build, start, route and retire."""

    app: str
    what: str
    """What would be deployed: `main (1a2b3c4d)`, `build 3`, the name of an image."""
    builder: str
    """Who would build it; empty when it is built already."""
    test: str
    """The command line that would have to succeed first."""
    release: int
    """Its number, if nothing else is released before."""
    release_task: str
    start: tuple[str, ...]
    """Containers that would be started and checked beside the running ones: `web.1`."""
    route: tuple[str, ...]
    """Addresses whose traffic would move to them."""
    retire: tuple[str, ...]
    """Running containers that would go after the switch: `web.1 of release 4`."""
    env_changes: tuple[str, ...]
    """Variables that differ from those of the live release, by name."""

    def text(self) -> str:
        """Return what a person reads: a line for each step that there is."""
        rows = [
            ("build", self.builder and f"with {self.builder}"),
            ("test", self.test),
            ("release", f"{self.release}, of {self.what}"),
            ("change", " ".join(self.env_changes)),
            ("run once", self.release_task),
            ("start", " ".join(self.start)),
            ("route", " ".join(self.route)),
            ("retire", ", ".join(self.retire)),
        ]
        return "\n".join(f"{name:<9} {text}" for name, text in rows if text)


def of(
    platform: Platform,
    app: AppName,
    *,
    revision: str = "",
    number: int = 0,
    reference: str = "",
) -> Forecast:
    """Return what deploying a revision, a build or an image would do.

    Raises:
        NotFound: there is no such thing to deploy.
        Conflict: its image is not here, so nobody knows what it holds.
        BuildFailed: no builder agrees to build it.
        UsageError: what it declares would be refused.
    """
    if number:
        made_of = contents.of_record(builds.deployable(platform, app, number))
        return _forecast(platform, app, made_of, what=f"build {number}")
    if reference:
        try:
            image = platform.engine.image(reference)
        except ImageNotFound as error:
            raise Conflict(
                f"The image {reference} is not here, so what it holds is not known.",
                hint=f"Fetch it first: docker pull {reference}",
            ) from error
        return _forecast(platform, app, contents.of_image(image), what=reference)
    commit = git.resolve(platform.paths, app, revision)
    with building.exported(platform, app, commit, revision) as source:
        builder, _ = building.choose(platform, source)
        said = declared.read(source.path)
    tested = said.test and platform.properties.get("builds", app, "test")
    if tested:
        trial.refuse_unknown(platform, said)
    if said.lines:  # else the builder may know of more
        contents.refuse_unknown(said.checks, said.lines)
    names = [ProcessName.parse(name) for name in said.lines] or [plan.WEB]
    made_of = Contents(
        image="",
        revision=commit,
        builder=builder.name,
        processes=tuple(ProcessType(name=name) for name in names),
        release_task=contents.task(said.release_task),
    )
    found = _forecast(platform, app, made_of, what=f"{revision} ({commit[:8]})")
    return replace(found, builder=builder.name, test=said.test if tested else "")


def _forecast(platform: Platform, app: AppName, made_of: Contents, *, what: str) -> Forecast:
    store = platform.store
    live = store.releases.live(app)
    compiled = env.merge(env.layers(store, platform.hooks, app, "run"))
    before = live.env if live else Environment()
    release = Release(
        app=app,
        number=store.releases.next_number(app),
        image=made_of.image,
        revision=made_of.revision,
        builder=made_of.builder,
        processes=contents.with_port(made_of.processes, compiled),
        env=compiled,
        config=Environment(),
        description=what,
        actor=platform.actor,
        created_at=time.time(),
    )
    planned = plan.everything(release, store.formation.get(app), ledger.running(platform, app))
    stopped = store.apps.get(app).stopped
    keys = sorted({*compiled, *before})
    return Forecast(
        app=app,
        what=what,
        builder="",
        test="",
        release=release.number,
        release_task=made_of.release_task[-1] if made_of.release_task else "",
        start=()
        if stopped
        else tuple(f"{slot.process.name}.{slot.ordinal}" for slot in planned.stage),
        route=tuple(routes.urls(platform, app)),
        retire=tuple(f"{one.name} of release {one.release}" for one in planned.retire),
        env_changes=tuple(key for key in keys if compiled.get(key) != before.get(key))
        if live
        else (),
    )
