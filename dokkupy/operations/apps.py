"""Operations on apps as a whole."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from dokkupy.errors import Conflict, DokkupyError, UsageError
from dokkupy.names import AppName
from dokkupy.operations.registry import Help, operation
from dokkupy.types import Line, Stream

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.store import App

State = Literal["never deployed", "running", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSummary:
    """One app in a listing."""

    name: str
    state: State
    release: int | None
    """Number of the release that has the traffic."""
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppReport:
    """One app, whole."""

    name: str
    state: State
    release: int | None
    domains: tuple[str, ...]
    urls: tuple[str, ...]
    deploy_branch: str | None
    processes: dict[str, int]
    """Process -> how many containers of it run."""
    created_at: float
    locked_by: str | None
    """Who locked it, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedApp:
    """A new app and where to push it."""

    name: str
    remote: str
    domains: tuple[str, ...]

    def text(self) -> str:
        """Say it with the next two commands."""
        return (
            f"App {self.name} is there. Deploy it from its repository:\n"
            f"  git remote add dokkupy {shlex.quote(self.remote)}\n"
            f"  git push dokkupy main"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RenamedApp:
    """An app under its new name."""

    name: str
    was: str
    release: int | None
    """Number of the release whose containers carry the new name; None before the first deploy."""
    remote: str
    domains: tuple[str, ...]

    def text(self) -> str:
        """Say it with what is to be done in its clones."""
        return (
            f"App {self.was} is {self.name} now. Where its source is, tell git:\n"
            f"  git remote set-url dokkupy {shlex.quote(self.remote)}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClonedApp:
    """An app that was made like another one."""

    name: str
    origin: str
    release: int | None
    remote: str
    domains: tuple[str, ...]

    def text(self) -> str:
        """Say it with what to do next."""
        if self.release is None:
            return f"App {self.name} is like {self.origin}. Push it: {self.remote}"
        return f"App {self.name} is like {self.origin}, with a config and releases of its own."


@dataclass(frozen=True, slots=True, kw_only=True)
class AppLock:
    """Whether an app may be changed."""

    name: str
    locked_by: str | None
    """Who locked it, with the reason; None when everybody may change it."""

    def text(self) -> str:
        """Say it with the command that undoes it."""
        if self.locked_by is None:
            return f"App {self.name} is not locked."
        return (
            f"App {self.name} is locked by {self.locked_by}.\n"
            f"Unlock it: dokkupy apps unlock {self.name}"
        )


@operation(
    summary="List the apps",
    name="list",
    reads=True,
    default=True,
    empty="No apps yet. Make one: dokkupy apps create NAME",
)
def list_(platform: Platform) -> list[AppSummary]:
    """List every app with its state, its live release and its domains."""
    store = platform.store
    live = store.releases.live_numbers()
    hosts = store.routes.all()
    return [
        AppSummary(
            name=app.name,
            state=_state(app, live.get(app.name)),
            release=live.get(app.name),
            domains=tuple(hosts.get(app.name, ())),
        )
        for app in store.apps.list()
    ]


@operation(summary="Make an app")
def create(platform: Platform, app: AppName) -> CreatedApp:
    """Make an app, so that it can be configured and pushed to.

    Raises:
        Conflict: there is one of that name.
        ProxyRefused: the proxy cannot serve its page; the app is not made.
    """
    from dokkupy import git, moves, routes

    moves.settle(platform, app)
    platform.store.apps.create(app)
    try:
        git.ensure_repo(platform.paths, app)
        platform.hooks.app_created(app=app)
        routes.apply(platform, changed=app)
    except (DokkupyError, OSError):
        git.remove_repo(platform.paths, app)
        platform.store.apps.destroy(app)
        raise
    return CreatedApp(
        name=app,
        remote=_remote(platform, app),
        domains=tuple(platform.store.routes.all().get(app, ())),
    )


@operation(summary="Show an app", reads=True)
def report(platform: Platform, app: AppName) -> AppReport:
    """Show everything that a listing has no room for."""
    from collections import Counter

    from dokkupy import ledger, routes

    found = platform.store.apps.get(app)
    release = platform.store.releases.live_numbers().get(app)
    return AppReport(
        name=app,
        state=_state(found, release),
        release=release,
        domains=tuple(platform.store.routes.all().get(app, ())),
        urls=tuple(routes.urls(platform, app)),
        deploy_branch=found.deploy_branch or None,
        processes=dict(Counter(str(i.process) for i in ledger.running(platform, app))),
        created_at=found.created_at,
        locked_by=found.locked_by or None,
    )


@operation(summary="Remove an app and everything that is its own", confirm="app")
def destroy(
    platform: Platform,
    app: AppName,
    *,
    force: Annotated[bool, Help("Do not ask")] = False,  # noqa: ARG001 (read by the registry)
) -> None:
    """Remove its containers, images, routes, repository, config and settings.

    Waits for a deploy of the app that is under way. Cut short, it can be asked for again.

    Raises:
        Refused: a plugin objects, or nobody confirmed.
        ProxyRefused: the proxy cannot let go of the app; nothing is removed.
        EngineError: its containers could not be removed; ask again.
    """
    import shutil

    from dokkupy import builds, git, moves, recovery, routes
    from dokkupy.locks import app_lock

    platform.store.apps.get(app)
    with app_lock(platform.paths, app, what="destroy", actor=platform.actor):
        platform.store.apps.get(app)
        moves.finish(platform, app)
        platform.hooks.app_destroying(app=app)
        if platform.store.instances.list(app):
            _take_off(platform, app)
        platform.scheduler.destroy(app)
        git.remove_repo(platform.paths, app)
        shutil.rmtree(recovery.failed_logs(platform, app), ignore_errors=True)
        builds.remove_logs(platform, app)
        with platform.store.write():
            platform.store.apps.destroy(app)
            platform.store.addresses.forget(app)
        try:
            routes.apply(platform, changed=app)
        finally:
            # Nobody can ask again, and an app of the same name must find nothing of this one.
            platform.hooks.app_destroyed(app=app)


@operation(summary="Give an app another name")
def rename(
    platform: Platform, app: AppName, new: Annotated[AppName, Help("Its new name")]
) -> Stream[RenamedApp]:
    """Move everything of an app to a new name: config, domains, settings, releases, repository.

    Its default domain follows the name, the others stay. Its containers are replaced by new
    ones of the live release, without losing a request.

    Raises:
        Conflict: there is an app of the new name.
        Refused: somebody runs a command beside it.
        DeployFailed: all has moved, but the new containers failed; those of before serve on.
    """
    from dokkupy import jobs, moves

    platform.store.apps.get(app)
    moves.settle(platform, new)
    if platform.store.apps.exists(new):
        raise Conflict(f"App {new} exists already.", hint=f"Look at it: dokkupy apps report {new}")
    done = yield from jobs.run(platform, "rename", app, {"new": new})
    return RenamedApp(
        name=new,
        was=app,
        release=done["release"],
        remote=_remote(platform, new),
        domains=tuple(platform.store.routes.all().get(new, ())),
    )


@operation(summary="Make an app like another one", despite_lock=True)
def clone(
    platform: Platform,
    app: AppName,
    new: Annotated[AppName, Help("The name of the clone")],
    *,
    deploy: Annotated[bool, Help("Make the clone without deploying it")] = True,
) -> Stream[ClonedApp]:
    """Make an app with the config, settings, scale and image of another, but not its domains.

    The image is not built anew, and the release task does not run. Services stay the other's own.

    Raises:
        Conflict: there is an app of the clone's name.
        DeployFailed: the clone is there, but does not pass its checks.
    """
    from dokkupy import cloning, jobs, moves
    from dokkupy.services import links

    platform.store.apps.get(app)
    moves.settle(platform, new)
    cloning.make(platform, app, new)
    for link in links.of_app(platform, app):
        noun, _, name = link.service.partition("/")
        text = (
            f"{new} is not linked to {noun} {name}, as {app} is: dokkupy {noun} link {name} {new}"
        )
        yield Line(text=text, stream="warning")
    release = None
    if deploy and platform.store.releases.live(app):
        release = (yield from jobs.run(platform, "adopt", new, {"origin": app}))["release"]
    return ClonedApp(
        name=new,
        origin=app,
        release=release,
        remote=_remote(platform, new),
        domains=tuple(platform.store.routes.all().get(new, ())),
    )


@operation(summary="Let nobody change an app", despite_lock=True)
def lock(
    platform: Platform,
    app: AppName,
    *,
    reason: Annotated[str, Help("Why, for those who are refused")] = "",
) -> AppLock:
    """Refuse every push and every other change of an app until it is unlocked.

    It goes on serving; what reads works, `run` and `enter` too. Work that is under way finishes,
    work that waits for it is refused.
    """
    if not reason.isprintable() or len(reason) > 200:
        raise UsageError("The reason is not one line of at most 200 characters.")
    platform.store.apps.lock(app, platform.actor, reason)
    return AppLock(name=app, locked_by=platform.store.apps.get(app).locked_by)


@operation(summary="Let an app be changed again", despite_lock=True)
def unlock(platform: Platform, app: AppName) -> AppLock:
    """Undo `apps lock`; one that is not locked is fine."""
    platform.store.apps.unlock(app)
    return AppLock(name=app, locked_by=None)


def _take_off(platform: Platform, app: AppName) -> None:
    """Let no visitor reach containers that are about to go."""
    from dokkupy import routes

    stopped = platform.store.apps.get(app).stopped
    platform.store.apps.set_stopped(app, True)
    try:
        routes.apply(platform, changed=app)
    except DokkupyError:
        platform.store.apps.set_stopped(app, stopped)
        raise


def _remote(platform: Platform, app: AppName) -> str:
    """Return where to push the app: by ssh where that is set up, else by path."""
    from dokkupy import git
    from dokkupy.remote import Address

    address = Address.of(platform.store.meta)
    return address.url(app) if address else str(git.repository(platform.paths, app))


def _state(app: App, release: int | None) -> State:
    if release is None:
        return "never deployed"
    return "stopped" if app.stopped else "running"
