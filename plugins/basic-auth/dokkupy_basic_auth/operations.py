"""The operations `basic-auth …`: who may pass before an app, and what is left open."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Final

from dokkupy import Help, operation
from dokkupy.errors import NotFound, Refused, UsageError
from dokkupy.names import AppName, Name
from dokkupy.operations.registry import Stdin
from dokkupy_basic_auth import keeping
from dokkupy_basic_auth.hashing import hashed
from dokkupy_basic_auth.keeping import Gate
from dokkupy_basic_auth.openings import Opening

if TYPE_CHECKING:
    from dokkupy.platform import Platform

SHORTEST: Final = 8
"""Characters of a password."""
LONGEST: Final = 128
"""Bytes of a password."""


class UserName(Name):
    """Who asks to pass; no colon can be in it (RFC 7617, section 2)."""

    __slots__ = ()
    noun = "user name"
    pattern = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
    rule = "1 to 64 letters, digits and . _ @ + -, starting with a letter or digit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may pass before an app."""

    app: AppName
    on: bool
    users: tuple[str, ...]
    open: tuple[str, ...]
    """Paths and addresses that need no password."""

    def text(self) -> str:
        """Return what a person reads."""
        people = ", ".join(self.users) or "nobody"
        if not self.on:
            kept = f" Kept for later: {people}." if self.users else ""
            return f"{self.app} asks nobody for a password.{kept}"
        lines = [f"{self.app} asks every visitor for a password, and lets pass: {people}"]
        if self.open:
            lines.append(f"Open without one: {', '.join(self.open)}")
        return "\n".join(lines)


WHAT = Help("A path, a path ending with a slash for all below it, or an address or network")


@operation(summary="Let a user pass who knows a password")
def add(
    platform: Platform,
    app: AppName,
    user: Annotated[UserName, Help("The name to be typed before the password")],
    stdin: Stdin,
) -> Access:
    """Read a password from standard input, to its first line's end, and let it pass at once.

    The first user of an app makes it ask for passwords. One that is there gets the new password,
    and the old one does not pass any more.

    Raises:
        UsageError: the password is too short or too long, or no text.
        ProxyRefused: nothing was changed.
        StateError: the machine cannot hash passwords.
    """
    platform.store.apps.get(app)
    made = hashed(_password(stdin))

    def change(gate: Gate) -> Gate:
        on = gate.on or not gate.users
        return replace(gate, on=on, users={**gate.users, str(user): made})

    return _changed(platform, app, "add", change, user=str(user))


@operation(summary="Let a user pass no more")
def remove(platform: Platform, app: AppName, user: UserName) -> Access:
    """Forget a user and the password, at once.

    Raises:
        NotFound: the app has no such user.
        Refused: nobody would be left to pass.
        ProxyRefused: nothing was changed.
    """
    platform.store.apps.get(app)

    def change(gate: Gate) -> Gate:
        if user not in gate.users:
            raise NotFound(f"{app} has no user {user}.", hint=f"dokkupy basic-auth list {app}")
        left = {name: made for name, made in gate.users.items() if name != user}
        if gate.on and not left:
            raise Refused(
                f"{user} is the only one who may pass before {app}.",
                hint=f"Let everybody in: dokkupy basic-auth disable {app}",
            )
        return replace(gate, users=left)

    return _changed(platform, app, "remove", change, user=str(user))


@operation(summary="Ask visitors of an app for a password")
def enable(platform: Platform, app: AppName) -> Access:
    """Ask again after `disable`, at once.

    Raises:
        Refused: nobody could pass.
        ProxyRefused: nothing was changed.
    """
    platform.store.apps.get(app)

    def change(gate: Gate) -> Gate:
        if not gate.users:
            raise Refused(
                f"Nobody could pass before {app}.",
                hint=f"Add a user: dokkupy basic-auth add {app} USER < PASSWORD_FILE",
            )
        return replace(gate, on=True)

    return _changed(platform, app, "enable", change)


@operation(summary="Let everybody in without a password")
def disable(platform: Platform, app: AppName) -> Access:
    """Ask no visitor, at once; users and what is open are kept for `enable`.

    Raises:
        ProxyRefused: nothing was changed.
    """
    platform.store.apps.get(app)
    return _changed(platform, app, "disable", lambda gate: replace(gate, on=False))


@operation(summary="Leave paths or addresses open, without a password", name="open")
def open_(platform: Platform, app: AppName, what: Annotated[list[Opening], WHAT]) -> Access:
    """Let requests to a path, or visitors from an address, pass without a password, at once.

    Proofs for certificates (`/.well-known/acme-challenge/`) are always open.

    Raises:
        ProxyRefused: nothing was changed.
    """
    platform.store.apps.get(app)

    def change(gate: Gate) -> Gate:
        return replace(gate, openings=tuple(sorted({*gate.openings, *what})))

    return _changed(platform, app, "open", change, what=sorted(what))


@operation(summary="Undo `basic-auth open`")
def close(platform: Platform, app: AppName, what: Annotated[list[Opening], WHAT]) -> Access:
    """Ask for a password again where it was left out, at once.

    Raises:
        NotFound: one of them is not open.
        ProxyRefused: nothing was changed.
    """
    platform.store.apps.get(app)

    def change(gate: Gate) -> Gate:
        for one in what:
            if one not in gate.openings:
                raise NotFound(
                    f"{one} is not open in {app}.", hint=f"dokkupy basic-auth list {app}"
                )
        return replace(gate, openings=tuple(one for one in gate.openings if one not in what))

    return _changed(platform, app, "close", change, what=sorted(what))


@operation(
    summary="Show who may pass: before one app, or all",
    reads=True,
    default=True,
    name="list",
    empty="No apps yet. Make one: dokkupy apps create NAME",
)
def list_(platform: Platform, app: AppName | None = None) -> list[Access]:
    """Show which apps ask for a password, whom they let pass, and what is open."""
    if app is not None:
        platform.store.apps.get(app)
    apps = [app] if app else [one.name for one in platform.store.apps.list()]
    return [_shown(one, keeping.gate(platform.store, one)) for one in apps]


def _changed(
    platform: Platform, app: AppName, verb: str, change: Callable[[Gate], Gate], **told: object
) -> Access:
    store = platform.store
    with keeping.served(platform, app), store.write():
        before = keeping.gate(store, app)
        after = change(before)
        if after != before:
            keeping.put(platform, app, after)
            store.events.add(f"{keeping.NOUN}.{verb}", app, told)
    return _shown(app, after)


def _shown(app: AppName, gate: Gate) -> Access:
    return Access(app=app, on=gate.on, users=tuple(sorted(gate.users)), open=gate.openings)


def _password(stdin: Stdin) -> str:
    line = stdin.stream.readline(LONGEST + 2).removesuffix(b"\n").removesuffix(b"\r")
    password = line.decode("utf-8", "surrogateescape")
    # What is no UTF-8 comes out as halves of surrogate pairs, which nobody can print.
    if len(line) > LONGEST or len(password) < SHORTEST or not password.isprintable():
        raise UsageError(
            f"A password has {SHORTEST} characters to {LONGEST} bytes of text, on one line.",
            hint="Let a file or a program type it: openssl rand -base64 18 | tee password | "
            "dokkupy basic-auth add APP USER",
        )
    return password
