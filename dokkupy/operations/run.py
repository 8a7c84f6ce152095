"""Operations on commands that are run beside an app, in its image and environment."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from dokkupy.errors import UsageError
from dokkupy.moments import Duration
from dokkupy.names import AppName
from dokkupy.operations.registry import Help, KeyValue, Verbatim, operation
from dokkupy.types import Environment, ExitStatus, Line, Stream

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.scheduler import PlacedOneOff

DAY: Final = Duration("24h")
LONGEST: Final = Duration("7d")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachedRun:
    """A command that goes on by itself."""

    app: str
    name: str
    ends_at: float
    """When it is ended at the latest, seconds since the epoch (UTC)."""

    def text(self) -> str:
        """Say its name, how long it may take, and how to look after it."""
        import time

        latest = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.ends_at))
        return (
            f"{self.name} runs; it is ended at {latest} at the latest.\n"
            f"What it prints: dokkupy run logs {self.app} {self.name} --follow\n"
            f"End it: dokkupy run stop {self.app} {self.name}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A command beside an app."""

    name: str
    app: str
    state: str
    exit_code: int | None
    """None while it runs."""
    command: str
    actor: str
    release: int
    started_at: float
    """Seconds since the epoch (UTC)."""
    ends_at: float | None
    """When it is ended at the latest; None for one whose caller waits for it."""


@operation(
    summary="Run a command in the image and environment of an app", interactive=True, default=True
)
def command(
    platform: Platform,
    app: AppName,
    words: Annotated[list[str], Verbatim("Command, or the name of a process")],
    *,
    env: Annotated[list[KeyValue] | None, Help("A variable for this run alone", short="e")] = None,
    detach: Annotated[bool, Help("Do not wait for it", short="d")] = False,
    ttl: Annotated[Duration, Help("Longest that it may take when detached, up to 7d")] = DAY,
) -> ExitStatus | DetachedRun:
    """Run a command beside the app, on your terminal or pipes, and end with its exit code.

    Detached, it goes on by itself: `run list` shows it, `run logs` what it prints. When its time
    is over it is ended and forgotten.
    """
    from dokkupy import ledger, oneoffs
    from dokkupy.scheduler import OneOff
    from dokkupy.types import Scale

    if not 0 < ttl.seconds <= LONGEST.seconds:
        raise UsageError(f"{ttl} is not between 1s and {LONGEST}.", hint="Use --ttl 24h.")
    platform.store.apps.get(app)
    if words[0].startswith("-"):
        raise UsageError(
            f"{words[0]!a:.80} is no command.",
            hint=f"Options stand before the app: dokkupy run {words[0]} … {app} COMMAND",
        )
    oneoffs.sweep(platform)
    release = ledger.live(platform, app)
    named = {str(process.name): process for process in release.processes}
    process = named.get(words[0]) if len(words) == 1 else None
    given = Environment({pair.key: pair.value for pair in env or ()})
    if process and process.port is not None:
        given = Environment({"PORT": str(process.port), **given})
    one_off = OneOff(
        release=release,
        command=process.command if process else tuple(words),
        env=given,
        scale=Scale(quantity=1),
        purpose="run",
        tty=not detach and sys.stdin.isatty() and sys.stdout.isatty(),
        actor=platform.actor,
        ttl=ttl.seconds if detach else 0,
    )
    if detach:
        placed = oneoffs.start(platform, one_off)
        return DetachedRun(app=app, name=placed.name, ends_at=placed.until)
    return ExitStatus(code=platform.scheduler.attach(one_off))


@operation(
    summary="List the commands that run beside an app, or beside all",
    name="list",
    reads=True,
    empty="No command runs. Run one: dokkupy run APP COMMAND",
)
def list_(platform: Platform, app: AppName | None = None) -> list[Run]:
    """List what people run, attached and detached, the newest last.

    A detached one that has ended stays until its time is over, or until it is stopped.

    Raises:
        EngineError: the container engine does not answer.
    """
    from dokkupy import oneoffs

    if app is not None:
        platform.store.apps.get(app)
    oneoffs.sweep(platform)
    return [_run(one) for one in platform.scheduler.one_offs(app)]


@operation(summary="Show what a command beside an app printed", reads=True)
def logs(
    platform: Platform,
    app: AppName,
    name: Annotated[str, Help("Such as run.12; see run list")],
    *,
    num: Annotated[int | None, Help("Only so many lines of the end", short="n")] = None,
    follow: Annotated[bool, Help("Go on as it prints", short="f")] = False,
) -> Stream[None]:
    """Show the output of a command, also after its end."""
    from dokkupy import oneoffs

    platform.store.apps.get(app)
    [one] = oneoffs.chosen(platform, app, [name])
    for line in platform.scheduler.logs(one.reference, follow=follow, tail=num):
        yield Line(text=line.decode("utf-8", "replace"))


@operation(summary="End commands that run beside an app", despite_lock=True)
def stop(
    platform: Platform,
    app: AppName,
    names: Annotated[list[str] | None, Help("Such as run.12; see run list")] = None,
    *,
    all: Annotated[bool, Help("Every one of the app")] = False,  # noqa: A002
) -> list[Run]:
    """End commands and forget them, also those that ended by themselves."""
    from dokkupy import oneoffs, recovery

    platform.store.apps.get(app)
    if bool(names) == all:
        raise UsageError(
            "Name commands, or give --all.", hint=f"See which there are: dokkupy run list {app}"
        )
    found = oneoffs.chosen(platform, app, names or ())
    recovery.each(
        lambda one: platform.scheduler.retire(one.reference, oneoffs.GRACE_SECONDS), found
    )
    return [_run(one) for one in found]


def _run(one: PlacedOneOff) -> Run:
    return Run(
        name=one.name,
        app=one.app,
        state=one.state,
        exit_code=one.exit_code if one.state == "ended" else None,
        command=one.command,
        actor=one.actor,
        release=one.release,
        started_at=one.started_at,
        ends_at=one.until or None,
    )
