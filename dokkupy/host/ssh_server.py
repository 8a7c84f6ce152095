"""The machine's own sshd: whether it will let the holders of keys in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from dokkupy.errors import DokkupyError
from dokkupy.host.account import Account
from dokkupy.host.entries import LINK
from dokkupy.host.finding import Finding, done, notice
from dokkupy.host.part import Part
from dokkupy.host.running import find, run
from dokkupy.host.wanted import Wanted
from dokkupy.listening import holders

CONFIG: Final = "/etc/ssh/sshd_config"
DEFAULT_PORT: Final = 22

Settings = Mapping[str, Sequence[str]]
"""Keyword in lower case -> its values, as `sshd -T` prints them."""


class SshPart(Part):
    """What sshd's configuration says of the system user; it is never changed here."""

    name = "ssh"

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted

    def look(self) -> Iterator[Finding]:
        """Give what would keep keys out."""
        if find("sshd") is None:
            return  # the programs' own part says so
        try:
            settings = parse(run(["sshd", "-T", "-C", connection(self._wanted.user)]))
        except DokkupyError as error:
            reason = error.detail.splitlines()[-1] if error.detail else error.message
            yield notice(self.name, f"sshd does not tell its settings: {reason}", "sshd -t")
            return
        objections = list(self._objections(settings))
        yield from objections
        port = port_of(settings)
        if not holders(port):
            command = "systemctl enable --now ssh (without systemd: /usr/sbin/sshd)"
            yield notice(self.name, f"Nothing listens on port {port} for ssh.", command)
        elif not objections:
            yield done(self.name, f"sshd on port {port} lets keys of {self._wanted.user} in.")

    def _objections(self, settings: Settings) -> Iterator[Finding]:
        user = self._wanted.user
        account = Account.find(user)
        groups = account.groups if account else (str(user),)
        for message, command in objections(settings, user, groups, self._wanted.root):
            yield notice(self.name, message, command)


def connection(user: str) -> str:
    """Return what `sshd -C` takes for a login of `user` from this machine."""
    return f"user={user},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport={DEFAULT_PORT}"


def parse(text: str) -> Settings:
    """Read what `sshd -T` prints: a keyword and its value on each line, repeated for lists."""
    settings: dict[str, list[str]] = {}
    for line in text.splitlines():
        keyword, _, value = line.partition(" ")
        settings.setdefault(keyword.lower(), []).extend(value.split())
    return settings


def port_of(settings: Settings) -> int:
    """Return the first port that sshd listens on."""
    return int(settings.get("port", [str(DEFAULT_PORT)])[0])


def objections(
    settings: Settings, user: str, groups: Sequence[str], home: Path
) -> Iterator[tuple[str, str]]:
    """Give why sshd would not let a key of `user` run its command, and what mends it."""
    if settings.get("pubkeyauthentication", ["yes"])[0] != "yes":
        yield "sshd takes no public keys.", f"PubkeyAuthentication yes, in {CONFIG}"
    places = {
        Path(place.replace("%h", str(home)).replace("%u", user)) for place in _places(settings)
    }
    if home / LINK / "authorized_keys" not in {home / place for place in places}:
        needed = " ".join((*_places(settings), f"{LINK}/authorized_keys"))
        yield (
            f"sshd looks for keys in {' '.join(_places(settings))} alone.",
            f"AuthorizedKeysFile {needed}, in {CONFIG}",
        )
    for who, names in (("user", (user,)), ("group", groups)):
        allowed, denied = settings.get(f"allow{who}s", ()), settings.get(f"deny{who}s", ())
        keyword = f"{who.capitalize()}s"
        if allowed and not _any_match(names, allowed):
            yield f"sshd lets in only certain {who}s.", f"Allow{keyword} … {names[0]}, in {CONFIG}"
        if _any_match(names, denied):
            yield f"sshd shuts out {user} by its {who}.", f"Deny{keyword} without it, in {CONFIG}"
    forced = " ".join(settings.get("forcecommand", ["none"]))
    if forced != "none":
        yield (
            f"sshd runs `{forced}` for {user} instead of the command of a key.",
            f"Match User {user}, ForceCommand none, in {CONFIG}",
        )


def _places(settings: Settings) -> Sequence[str]:
    return settings.get("authorizedkeysfile", [f"{LINK}/authorized_keys"])


def _any_match(names: Sequence[str], patterns: Sequence[str]) -> bool:
    """Say whether a name matches; a pattern may end with the host that one comes from."""
    return any(fnmatchcase(n, pattern.partition("@")[0]) for n in names for pattern in patterns)


def port() -> int:
    """Return sshd's port, its usual one when it does not tell."""
    try:
        return port_of(parse(run(["sshd", "-T"])))
    except DokkupyError:
        return DEFAULT_PORT
