"""The operations of the noun `host`: make this machine a server of apps, and unmake it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from dokkupy.errors import Refused
from dokkupy.host.finding import Finding
from dokkupy.host.wanted import DEFAULT_USER, UserName, Wanted
from dokkupy.names import HostName
from dokkupy.operations.registry import Help, operation
from dokkupy.ports import Port

if TYPE_CHECKING:
    from pathlib import Path

    from dokkupy.platform import Platform
    from dokkupy.types import Stream

Domain = Annotated[HostName | None, Help("Apps are served at APP.DOMAIN")]
HttpPort = Annotated[Port | None, Help("Port for http; 80 by default")]
HttpsPort = Annotated[Port | None, Help("Port for https; 443 by default")]
User = Annotated[UserName | None, Help("Whose everything is; by default the root's, or dokkupy")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A server that is set up."""

    user: str
    root: str
    domain: str
    http_port: int
    https_port: int
    ssh: str
    """How it is reached by ssh, empty where there is no sshd."""
    changed: int
    """How many things were done now; 0 when all was as it should be."""

    def text(self) -> str:
        """Say it with the next commands."""
        head = "Nothing to do: this" if not self.changed else "This"
        lines = [f"{head} machine serves *.{self.domain} on port {self.http_port}."]
        if self.ssh:
            from pathlib import Path

            from dokkupy.host.running import typed

            add = typed(Path(self.root), "ssh-keys", "add", "NAME")
            lines += [
                f"Let a key in:  {add} < KEY.pub",
                f"Push to it:    git push ssh://{self.ssh}/APP main",
            ]
        return "\n".join(lines)


@operation(summary="Show what a setup would do, and what is in its way", reads=True, as_caller=True)
def check(
    platform: Platform,
    *,
    domain: Domain = None,
    http_port: HttpPort = None,
    https_port: HttpsPort = None,
    user: User = None,
) -> list[Finding]:
    """Look at the machine and change nothing.

    Each finding says what is done, what a setup would do by which command, what is worth
    knowing, or what is in the way and which command mends it.

    Raises:
        Refused: the caller is not root, who alone can see it all.
    """
    from dokkupy.host import server

    server.refuse_others("check")
    wanted = _wanted(platform.paths.root, user, domain, (http_port, https_port))
    return server.check(server.parts(wanted, platform.engine))


@operation(summary="Make this machine a server of apps", as_caller=True)
def setup(
    platform: Platform,
    *,
    domain: Domain = None,
    http_port: HttpPort = None,
    https_port: HttpsPort = None,
    user: User = None,
) -> Stream[Host]:
    """Make the system user, the root, the ways in, and what starts it all at boot; start it.

    What is there already is left as it is, so it can be asked for again at any time: to change
    the domain or the ports, after an upgrade, to mend what was damaged.

    Raises:
        Refused: something is in the way, or the caller is not root; nothing was done.
    """
    from dokkupy.host import server, state

    root = platform.paths.root
    server.refuse_others("setup")
    wanted = _wanted(root, user, domain, (http_port, https_port))
    changed = yield from server.setup(server.parts(wanted, platform.engine))
    return Host(
        user=wanted.user,
        root=str(root),
        domain=wanted.domain,
        http_port=wanted.http_port,
        https_port=wanted.https_port,
        ssh=state.read(root).ssh,
        changed=changed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What a removal came to."""

    removed: int
    """How many things were taken away."""
    kept: str
    """The root folder, where it was kept; else empty."""

    def text(self) -> str:
        """Say it, and how the rest goes."""
        head = "Removed." if self.removed else "There was nothing to remove."
        if not self.kept:
            return head
        return (
            f"{head} {self.kept} stays, with repositories, config and history, and so do the "
            "images of its releases."
        )


@operation(summary="Take away what a setup made", as_caller=True)
def remove(
    platform: Platform,
    *,
    force: Annotated[bool, Help("Remove the root folder and the images too")] = False,
    confirm: Annotated[str, Help("The root folder's path again, to confirm --force")] = "",
    user: User = None,
) -> Stream[Removed]:
    """Stop everything and remove user, boot unit, ways in, containers and networks.

    The root folder and the images of its releases stay unless `--force` is given and the path
    confirmed; a later setup takes them up again.

    Raises:
        Refused: the caller is not root, or did not confirm; nothing was removed.
    """
    from dokkupy.host import server

    root = platform.paths.root
    server.refuse_others("remove")
    if force and confirm != str(root):
        import shlex

        raise Refused(
            f"To remove {root} with every app's repository and config cannot be undone.",
            hint=shlex.join(
                [
                    "dokkupy",
                    "--root",
                    str(root),
                    "host",
                    "remove",
                    "--force",
                    "--confirm",
                    str(root),
                ]
            ),
        )
    wanted = _wanted(root, user, None, (None, None))
    removed = yield from server.remove(server.parts(wanted, platform.engine, with_data=force))
    return Removed(removed=removed, kept=str(root) if root.exists() else "")


def _wanted(
    root: Path,
    user: UserName | None,
    domain: HostName | None,
    ports: tuple[Port | None, Port | None],
) -> Wanted:
    """Return the server that is asked for; what was not said stays as it is."""
    from dokkupy.host import state

    known = state.read(root)
    return Wanted(
        user=user or _owner(root),
        root=root,
        domain=domain or known.domain,
        http_port=ports[0] or int(known.http_port or 80),
        https_port=ports[1] or int(known.https_port or 443),
    )


def _owner(root: Path) -> UserName:
    """Return whose root it is, the usual user where there is none yet or it is root's."""
    from dokkupy.host import state

    uid = root.stat().st_uid if root.exists() else 0
    return UserName(state.owner(root).name) if uid else DEFAULT_USER
