"""The operations `maintenance …`: show visitors a page while somebody works on an app."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from dokkupy import Help, operation
from dokkupy.errors import UsageError
from dokkupy.names import AppName
from dokkupy.operations.registry import Stdin
from dokkupy_maintenance import keeping
from dokkupy_maintenance.directives import LONGEST_PAGE
from dokkupy_maintenance.keeping import RETRY_AFTER

if TYPE_CHECKING:
    from dokkupy.platform import Platform

LONGEST_WAIT = 7 * 24 * 3600
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """Whether visitors of an app get the page."""

    app: AppName
    on: bool
    since: float | None
    """Seconds since the epoch (UTC); None while it is off."""
    retry_after: int
    """Seconds."""
    own_page: bool

    def text(self) -> str:
        """Return what a person reads."""
        page = "its own page" if self.own_page else "the usual page"
        if self.since is None:
            return f"{self.app} is not under maintenance; it has {page} for that."
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return (
            f"{self.app} is under maintenance since {began}: visitors get a 503 with {page}.\n"
            f"End it: dokkupy maintenance off {self.app}"
        )


@operation(summary="Show visitors of an app a page instead of it")
def on(
    platform: Platform,
    app: AppName,
    *,
    retry_after: Annotated[int, Help("Seconds until visitors may ask again")] = RETRY_AFTER,
) -> Maintenance:
    """Answer every new request with status 503 and a page, at once.

    The app runs on: requests in flight finish, websockets stay, `run` and `enter` work, and a
    push is deployed and checked, to be seen when maintenance is over.

    Raises:
        UsageError: the time to wait is not one second to a week.
        ProxyRefused: nothing was changed.
    """
    if not 1 <= retry_after <= LONGEST_WAIT:
        raise UsageError(
            f"Visitors cannot be told to wait for {retry_after} seconds.",
            hint=f"Use 1 to {LONGEST_WAIT}.",
        )
    platform.store.apps.get(app)
    with keeping.served(platform, app):
        keeping.switch(platform.store, app, retry_after)
    return _shown(platform, app)


@operation(summary="Let visitors of an app reach it again")
def off(platform: Platform, app: AppName) -> Maintenance:
    """Undo `maintenance on`, at once; an app that is not under maintenance is fine.

    Raises:
        ProxyRefused: nothing was changed.
    """
    platform.store.apps.get(app)
    with keeping.served(platform, app):
        keeping.switch(platform.store, app, None)
    return _shown(platform, app)


@operation(summary="Give an app a maintenance page of its own")
def page(
    platform: Platform,
    app: AppName,
    file: Annotated[Path | None, Help("HTML in UTF-8; without a file, standard input")] = None,
    stdin: Stdin | None = None,
) -> Maintenance:
    """Keep the page for this and every later maintenance; an empty one goes back to the usual.

    Raises:
        UsageError: it is too long, or no text.
        ProxyRefused: nothing was changed.
    """
    platform.store.apps.get(app)
    text = _text(_read(file) if file else stdin.stream.read(LONGEST_PAGE + 1) if stdin else b"")
    with keeping.served(platform, app):
        keeping.set_page(platform.store, app, text)
    return _shown(platform, app)


@operation(
    summary="Show which apps are under maintenance",
    reads=True,
    default=True,
    empty="No apps yet. Make one: dokkupy apps create NAME",
)
def report(platform: Platform, app: AppName | None = None) -> list[Maintenance]:
    """Show of one app, or of all, whether visitors get the page, since when, and which."""
    if app is not None:
        platform.store.apps.get(app)
        return [_shown(platform, app)]
    return [_shown(platform, one.name) for one in platform.store.apps.list()]


def _read(file: Path) -> bytes:
    try:
        if not file.is_file():  # a pipe or a device could keep us waiting
            raise UsageError(f"{str(file)!a} is not a file.", hint="Name a file of HTML.")
        with file.open("rb") as opened:
            return opened.read(LONGEST_PAGE + 1)
    except PermissionError:
        raise UsageError(
            f"{str(file)!a} may not be read.",
            hint="Let your shell open it: dokkupy maintenance page APP < FILE",
        ) from None


def _text(page: bytes) -> str:
    if len(page) > LONGEST_PAGE:
        raise UsageError(
            f"The page has more than {LONGEST_PAGE // 1024} KiB.",
            hint="Link to images and style sheets elsewhere.",
        )
    try:
        text = page.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError("The page is no text in UTF-8.", hint="Give a file of HTML.")
    return text


def _shown(platform: Platform, app: AppName) -> Maintenance:
    state = keeping.state(platform.store, app)
    return Maintenance(
        app=app,
        on=state.since is not None,
        since=state.since,
        retry_after=state.retry_after,
        own_page=bool(state.page),
    )
