"""What a root knows of itself, and bringing it into agreement with what is wanted."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dokkupy.errors import StateError
from dokkupy.host.account import Account
from dokkupy.host.finding import Finding, blocked, done, to_do
from dokkupy.host.part import Part
from dokkupy.host.running import find, own, run, typed
from dokkupy.host.wanted import Wanted
from dokkupy.paths import Paths
from dokkupy.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The facts about a root that concern its host."""

    root_id: str = ""
    domain: str = ""
    http_port: str = ""
    https_port: str = ""
    ssh: str = ""
    """How it is reached by ssh: `USER@HOST[:PORT]`."""
    apps: tuple[str, ...] = ()

    @property
    def made(self) -> bool:
        """Whether the root was initialised."""
        return bool(self.root_id)


def read(root: Path) -> State:
    """Return what a root knows, nothing when it does not exist; as its owner, if we are root.

    Raises:
        StateError: its state is damaged, or not for this user to read.
    """
    paths = Paths(root)
    if not paths.state_db.is_file():
        return State()
    with owner(root).acting():
        store = Store(paths.state_db)
        try:
            meta = store.meta
            return State(
                root_id=meta.get("root_id"),
                domain=meta.get("domain"),
                http_port=meta.get("http_port"),
                https_port=meta.get("https_port"),
                ssh=meta.get("ssh"),
                apps=tuple(app.name for app in store.apps.list()),
            )
        finally:
            store.close()


def owner(folder: Path) -> Account:
    """Return the account that a folder belongs to.

    Raises:
        StateError: it is no user's of this machine.
    """
    found = Account.of(folder.stat().st_uid)
    if found is None:
        raise StateError(
            f"{folder} belongs to a user who does not exist.",
            hint=f"chown -R root: {shlex.quote(str(folder))}",
        )
    return found


class StatePart(Part):
    """The state of the root: where it serves, and how it is reached by ssh."""

    name = "root"

    def __init__(self, wanted: Wanted, ssh_port: int) -> None:
        self._wanted = wanted
        self._ssh_port = ssh_port

    def look(self) -> Iterator[Finding]:
        """Give what the root shall know and does not."""
        wanted = self._wanted
        if not wanted.domain:
            yield blocked(
                self.name,
                "Nobody has said under which domain the apps shall be served.",
                "dokkupy host setup --domain example.com",
            )
            return
        state = read(wanted.root)
        if self._differs(state):
            yield to_do(
                self.name,
                f"Serve *.{wanted.domain} on the ports {wanted.http_port} and {wanted.https_port}.",
                typed(wanted.root, *self._init()),
            )
        else:
            yield done(self.name, f"It serves *.{wanted.domain} on port {wanted.http_port}.")
        if not state.ssh and find("sshd"):
            message = f"Tell people to push to {self._address()}."
            yield to_do(self.name, message, typed(wanted.root, *self._ssh()))

    def _differs(self, state: State) -> bool:
        wanted = self._wanted
        known = (state.domain, state.http_port, state.https_port)
        return known != (wanted.domain, str(wanted.http_port), str(wanted.https_port))

    def _init(self) -> list[str]:
        http, https = map(str, self._wanted.ports)
        domain = self._wanted.domain
        return ["init", "--domain", domain, "--http-port", http, "--https-port", https]

    def _ssh(self) -> list[str]:
        return ["git", "set", "--global", "ssh", self._address()]

    def _address(self) -> str:
        port = f":{self._ssh_port}" if self._ssh_port != 22 else ""
        return f"{self._wanted.user}@{self._wanted.domain}{port}"

    def make(self) -> Iterable[str]:
        """Make the root or change where it serves; dokkupy itself becomes the user for that."""
        state = read(self._wanted.root)
        if self._differs(state):
            run(own(self._wanted.root, *self._init()))
        if not state.ssh and find("sshd"):
            run(own(self._wanted.root, *self._ssh()))
        return ()
