"""Operations that stand alone: on the root as a whole, and the everyday verbs of one app."""

from __future__ import annotations

import ipaddress
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

from dokkupy import jobs
from dokkupy.deployment import Deployment
from dokkupy.errors import Conflict, StateError, UsageError
from dokkupy.moments import Moment
from dokkupy.names import AppName, HostName
from dokkupy.operations.registry import Help, Verbatim, operation
from dokkupy.ports import Port
from dokkupy.types import ExitStatus, Feed, Line, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dokkupy.applogs import LogLine
    from dokkupy.diagnosis import Diagnosis
    from dokkupy.paths import Paths
    from dokkupy.platform import Platform
    from dokkupy.types import Event


class Subnet(str):
    """A private IPv4 network in CIDR form, large enough for containers."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the network that `text` spells.

        Raises:
            UsageError: it is no IPv4 network of 8 to 65,536 addresses.
        """
        try:
            network = ipaddress.IPv4Network(text)
        except ValueError:
            raise UsageError(
                f"{text!a:.40} is no IPv4 network.", hint="Write it as 10.99.0.0/22."
            ) from None
        if not 16 <= network.prefixlen <= 29:
            raise UsageError(f"{network} is not between /16 and /29.", hint="Use a /22.")
        return cls(network)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A root folder and where it serves."""

    root: str
    root_id: str
    domain: str
    http_port: int
    https_port: int

    def text(self) -> str:
        """Say it with the next command."""
        return (
            f"Root {self.root} serves *.{self.domain} on port {self.http_port}.\n"
            f"Start it: dokkupy --root {shlex.quote(self.root)} up"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What a root has running."""

    containers: int
    proxy: bool

    def text(self) -> str:
        """Say it in one line."""
        proxy = "The proxy serves" if self.proxy else "No proxy runs"
        return f"{proxy}; {self.containers} containers run."


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEvent:
    """Something that happened."""

    at: float
    """Seconds since the epoch (UTC)."""
    actor: str
    verb: str
    app: str
    data: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedThing:
    """Something that nothing needs any more."""

    kind: str
    """`image`, `build`, `container`, `log` or `cache`."""
    app: str
    """Empty when it is of no app alone."""
    what: str
    bytes: int
    """What it frees; of an image what it shares with no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleanup:
    """What can go, or went."""

    applied: bool
    bytes: int
    """At least so much is freed: layers that several of the images share are not counted."""
    things: list[RemovedThing]

    def text(self) -> str:
        """Say each thing in a line, and what it all comes to."""
        if not self.things:
            return "Nothing can go."
        lines = [
            f"{one.kind:<10} {f'{one.app}: ' if one.app else ''}{one.what}"
            + (f", {_mib(one.bytes)}" if one.bytes else "")
            for one in self.things
        ]
        if self.applied:
            return "\n".join([*lines, f"Freed at least {_mib(self.bytes)}."])
        lines.append(f"This would free at least {_mib(self.bytes)}.")
        return "\n".join([*lines, "Remove it: dokkupy cleanup --apply"])


def _mib(size: int) -> str:
    return f"{size / 1024**2:.1f} MiB"


@operation(summary="Make a root, or change where it serves")
def init(
    platform: Platform,
    *,
    http_port: Annotated[Port | None, Help("Port for http; 80 by default")] = None,
    https_port: Annotated[Port | None, Help("Port for https; 443 by default")] = None,
    domain: Annotated[HostName | None, Help("Apps are served at APP.DOMAIN")] = None,
    subnet: Annotated[Subnet | None, Help("Network of the containers; chosen by default")] = None,
) -> Root:
    """Make the folder with everything that belongs to one dokkupy, or change its settings.

    What is given is changed, what is not stays as it is; apps and their data are never touched.

    Raises:
        UsageError: both ports are the same, or the domain is a wildcard.
        Conflict: the folder holds something else, or the containers have a network already, on
            another subnet.
        StateError: the folder cannot be made.
    """
    import secrets

    _make(platform.paths)
    meta = platform.store.meta
    given = {"http_port": http_port, "https_port": https_port, "domain": domain, "subnet": subnet}
    default = {"http_port": "80", "https_port": "443", "domain": "localhost"}
    chosen = {
        key: str(value) if value is not None else meta.get(key) or default.get(key, "")
        for key, value in given.items()
    }
    _check(platform, chosen)
    with platform.store.write():
        if not meta.get("root_id"):
            meta.set("root_id", secrets.token_hex(4))
        for key, value in chosen.items():
            if value:
                meta.set(key, value)
    return Root(
        root=str(platform.paths.root),
        root_id=meta.get("root_id"),
        domain=meta.get("domain"),
        http_port=int(meta.get("http_port")),
        https_port=int(meta.get("https_port")),
    )


def _make(paths: Paths) -> None:
    from dokkupy.store import Store

    elsewhere = "Choose an empty or a new folder: dokkupy --root FOLDER init"
    try:
        if not paths.state_db.exists() and (foreign := paths.foreign()):
            raise Conflict(
                f"{paths.root} is no root, and holds other things such as {foreign[0]!a}.",
                hint=elsewhere,
            )
        paths.make()
        Store.create(paths.state_db)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise StateError(f"{paths.root} cannot be made: {why}.", hint=elsewhere) from error


def _check(platform: Platform, chosen: Mapping[str, str]) -> None:
    if chosen["http_port"] == chosen["https_port"]:
        raise UsageError(
            f"Port {chosen['http_port']} cannot be for http and https.",
            hint="Give two: dokkupy init --http-port 80 --https-port 443",
        )
    if chosen["domain"].startswith("*."):
        raise UsageError(
            f"The domain {chosen['domain']} is a wildcard.",
            hint="Leave the *. out: apps are served at APP.DOMAIN.",
        )
    meta = platform.store.meta
    before = meta.get("subnet")
    if before not in ("", chosen["subnet"]) and platform.engine.networks(
        {"dokkupy.root": meta.get("root_id")}
    ):
        raise Conflict(
            f"The network of this root is {before} already.",
            hint="Leave --subnet out, or make another root.",
        )


@operation(summary="Start the proxy and every app that should run")
def up(platform: Platform) -> Stream[Running]:
    """Bring the root up, after a reboot or a crash; finishes or undoes what was left half done."""
    _ = platform.root_id
    return Running(**(yield from jobs.run(platform, "up", None, {})))


@operation(summary="Stop the proxy and every container")
def down(platform: Platform) -> Stream[Running]:
    """Bring the root down; `dokkupy up` brings it back as it was."""
    _ = platform.root_id
    return Running(**(yield from jobs.run(platform, "down", None, {})))


@operation(summary="Go back to an earlier release")
def rollback(
    platform: Platform,
    app: AppName,
    number: Annotated[int | None, Help("Release to go back to; the one before by default")] = None,
    *,
    keep_config: Annotated[bool, Help("Keep today's config instead of that release's")] = False,
) -> Stream[Deployment]:
    """Deploy what an earlier release was made of, without a build, as a new release.

    Raises:
        NotFound: there is no such release.
        DeployFailed: it does not pass its checks; what served before still serves.
    """
    platform.store.apps.get(app)
    arguments = {"number": number, "keep_config": keep_config}
    return Deployment.of((yield from jobs.run(platform, "rollback", app, arguments)))


@operation(summary="Show what can go and how much it would free, or remove it")
def cleanup(
    platform: Platform, *, apply: Annotated[bool, Help("Remove it")] = False
) -> Stream[Cleanup]:
    """Look for images, containers, logs and caches that can go; remove them if asked to.

    The images of releases that can be rolled back to stay, and so does all that a container
    uses. Nothing but what belongs to this root is ever looked at, apart from BuildKit's cache,
    which all users of the engine share. Every deploy does the same for its own app.
    """
    from dokkupy import cleanup as whole

    if apply:
        done = yield from jobs.run(platform, "clean", None, {})
        removed = [RemovedThing(**thing) for thing in done]
        return Cleanup(applied=True, bytes=sum(one.bytes for one in removed), things=removed)
    found, busy = whole.survey(platform)
    for app in busy:
        yield Line(text=f"{app} is busy and was not looked at.", stream="warning")
    things = [
        RemovedThing(kind=one.kind, app=one.app, what=one.what, bytes=one.bytes) for one in found
    ]
    return Cleanup(applied=False, bytes=sum(one.bytes for one in things), things=things)


@operation(summary="Open a shell in a running container", interactive=True)
def enter(
    platform: Platform,
    app: AppName,
    container: Annotated[str, Help("Such as web.1, or web for the first")] = "web",
    command: Annotated[list[str] | None, Verbatim("Command; a shell by default")] = None,
) -> ExitStatus:
    """Run a command, by default a shell, inside a container that serves."""
    from dokkupy import ledger

    found = ledger.matching(platform, app, container)[0]
    tty = sys.stdin.isatty() and sys.stdout.isatty()
    words = command or ["sh"]
    return ExitStatus(code=platform.scheduler.enter(found.reference, words, tty=tty))


@operation(summary="Look for what is wrong with an app", reads=True)
def diagnose(platform: Platform, app: AppName) -> Diagnosis:
    """Look at an app as it is now, and say what is wrong, what shows it, and what mends it.

    Looked at are the containers (whether they run, keep ending, listen and answer where the
    proxy asks them, have memory left), the way of visitors (domains, proxy, certificate), the
    disk, and the last piece of work when it failed. Nothing is changed. The exit code is 0 when
    nothing is wrong, and 1 when something is.
    """
    from dokkupy import diagnosis

    return diagnosis.examine(platform, app)


@operation(summary="Show what an app printed", reads=True)
def logs(
    platform: Platform,
    app: AppName,
    *,
    process: Annotated[str, Help("Only this process or container", short="p")] = "",
    num: Annotated[
        int | None, Help("Lines of each container; 100, following 10, with --since all", short="n")
    ] = None,
    since: Annotated[Moment | None, Help("Only newer ones: 10m, 2h, 2026-01-31T18:00")] = None,
    follow: Annotated[bool, Help("Go on as it prints, in later deploys too", short="f")] = False,
    failed: Annotated[bool, Help("What the containers of failed deploys printed")] = False,
) -> Feed[LogLine]:
    """Show the end of what each container of an app printed, each line with its name.

    Followed, it goes on with the containers of later deploys, until it is interrupted.
    """
    from dokkupy import applogs, ledger

    platform.store.apps.get(app)
    tail = num if num is not None or since is not None else 10 if follow else 100
    if failed:
        kept = applogs.of_failed(platform, app, tail)
        if not kept:
            yield Line(text=f"No container of {app} has failed.", stream="progress")
        yield from kept
        return
    chosen = ledger.matching(platform, app, process)
    if follow:
        yield from applogs.following(platform, app, process, tail=tail, since=since or 0.0)
    else:
        yield from applogs.ended(platform, chosen, tail=tail, since=since or 0.0)


@operation(summary="Show who did what when", reads=True, empty="Nothing has happened yet.")
def events(
    platform: Platform,
    *,
    app: Annotated[str, Help("Only of this app")] = "",
    verb: Annotated[str, Help("Only of this kind, such as release or config.changed")] = "",
    actor: Annotated[str, Help("Only what this user, key or token did")] = "",
    since: Annotated[Moment | None, Help("Only newer ones: 10m, 2h, 2026-01-31T18:00")] = None,
    num: Annotated[
        int | None, Help("How many, the newest; 50, following 10, with --since all", short="n")
    ] = None,
    follow: Annotated[bool, Help("Go on with each as it happens", short="f")] = False,
) -> list[PastEvent] | Feed[PastEvent]:
    """List the newest events, the oldest first.

    An app that was renamed or destroyed keeps its events under the name that it had.

    Raises:
        NotFound: there neither is nor was an app of that name.
    """
    from dokkupy import eventfeed

    if app and not platform.store.events.list(app=app, limit=1):
        platform.store.apps.get(AppName.parse(app))
    wanted = eventfeed.Filter(app=app, verb=verb, actor=actor, since=since or 0.0)
    usual = eventfeed.ALL if since is not None else 10 if follow else 50
    limit = usual if num is None else num
    if follow:
        return _as_they_happen(eventfeed.following(platform.store, wanted, limit))
    return [_past(event) for event in eventfeed.newest(platform.store, wanted, limit)]


def _as_they_happen(events: Iterator[Event]) -> Feed[PastEvent]:
    for event in events:
        yield _past(event)


def _past(event: Event) -> PastEvent:
    return PastEvent(
        at=event.at, actor=event.actor, verb=event.verb, app=event.app, data=dict(event.data)
    )
