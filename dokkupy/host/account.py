"""The system user to whom everything of a root belongs."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from dokkupy.host.finding import Finding, blocked, done, to_do
from dokkupy.host.part import Part
from dokkupy.host.processes import end_processes
from dokkupy.host.running import run
from dokkupy.host.wanted import Wanted

MARK: Final = "made by dokkupy host setup"
"""The account's comment in passwd(5), which root alone can write: it may be removed again."""
SHELL: Final = "/bin/sh"
"""sshd runs a forced command by the user's shell, so nologin would shut every key out."""
NO_PASSWORD: Final = "*"  # noqa: S105 (that none fits is the point)
"""No password matches. An account with `!` counts as locked, and sshd then refuses keys too."""
ENGINE_GROUP: Final = "docker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One line of passwd(5)."""

    name: str
    uid: int
    gid: int
    comment: str
    home: Path
    shell: str

    @classmethod
    def find(cls, name: str) -> Self | None:
        """Return the account of that name."""
        try:
            return cls._read(pwd.getpwnam(name))
        except KeyError:
            return None

    @classmethod
    def at(cls, name: str, root: Path) -> Self | None:
        """Return the account of that name if the root is its home, as a setup makes it."""
        found = cls.find(name)
        return found if found and found.home == root else None

    @classmethod
    def of(cls, uid: int) -> Self | None:
        """Return the account with that number."""
        try:
            return cls._read(pwd.getpwuid(uid))
        except KeyError:
            return None

    @classmethod
    def _read(cls, entry: pwd.struct_passwd) -> Self:
        return cls(
            name=entry.pw_name,
            uid=entry.pw_uid,
            gid=entry.pw_gid,
            comment=entry.pw_gecos,
            home=Path(entry.pw_dir),
            shell=entry.pw_shell,
        )

    @property
    def is_ours(self) -> bool:
        """Whether a setup made it."""
        return self.comment == MARK

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups that it is in."""
        numbers = set(os.getgrouplist(self.name, self.gid))
        return tuple(group.gr_name for group in grp.getgrall() if group.gr_gid in numbers)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Touch files in a block with this account's rights, when this process is root's."""
        if os.geteuid() != 0:
            yield
            return
        os.setegid(self.gid)
        os.seteuid(self.uid)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)


class AccountPart(Part):
    """The account, and its right to use the container engine."""

    name = "user"

    def __init__(self, wanted: Wanted, engine_gid: int | None) -> None:
        self._wanted = wanted
        self._engine_gid = engine_gid

    def look(self) -> Iterator[Finding]:
        """Give whether the account is there, lets keys in, and may use the engine."""
        user, root = self._wanted.user, self._wanted.root
        account = Account.find(user)
        if account is None:
            command = shlex.join(useradd(user, root))
            yield to_do(self.name, f"Make the system user {user}, at home in {root}.", command)
        elif account.uid == 0 or account.home != root:
            yield blocked(
                self.name,
                f"The user {user} is there already, at home in {account.home}.",
                "dokkupy host setup --user OTHER-NAME, or: "
                f"--root {shlex.quote(str(account.home))}",
            )
            return
        else:
            yield done(self.name, f"{user} is there, at home in {root}.")
            yield from self._shut_out(account)
        yield from self._membership(account)

    def _shut_out(self, account: Account) -> Iterator[Finding]:
        if Path(account.shell).name in ("nologin", "false"):
            yield to_do(
                self.name,
                f"Give {account.name} a shell: sshd runs a key's command by it.",
                shlex.join(self._usermod("--shell", SHELL)),
            )
        if password_of(account.name).startswith("!"):
            yield to_do(
                self.name,
                f"Unlock {account.name} for keys; no password will match.",
                shlex.join(self._usermod("--password", NO_PASSWORD)),
            )

    def _membership(self, account: Account | None) -> Iterator[Finding]:
        group = self._engine_group()
        if group is None:
            return  # the engine's own part says what is wrong
        if account and account.name in group.gr_mem:
            yield done(self.name, f"{account.name} may use the container engine.")
            return
        yield to_do(
            self.name,
            f"Let {self._wanted.user} use the container engine, as a member of {group.gr_name}.",
            shlex.join(self._usermod("--append", "--groups", group.gr_name)),
        )

    def _engine_group(self) -> grp.struct_group | None:
        try:
            if self._engine_gid is None:
                return grp.getgrnam(ENGINE_GROUP)
            return grp.getgrgid(self._engine_gid)
        except KeyError:
            return None

    def _usermod(self, *options: str) -> list[str]:
        return ["usermod", *options, self._wanted.user]

    def make(self) -> Iterable[str]:
        """Make the account or what it lacks."""
        account = Account.find(self._wanted.user)
        if account is None:
            run(useradd(self._wanted.user, self._wanted.root))
        elif any(self._shut_out(account)):
            run(self._usermod("--shell", SHELL, "--password", NO_PASSWORD))
        group = self._engine_group()
        if group is not None and self._wanted.user not in group.gr_mem:
            run(self._usermod("--append", "--groups", group.gr_name))
        return ()

    def unmake(self) -> Iterator[str]:
        """Remove the account with its processes, if a setup made it."""
        account = Account.at(self._wanted.user, self._wanted.root)
        if account is None or not account.is_ours or account.uid == 0:
            return
        yield f"Removing the user {account.name}"
        end_processes(account.uid)
        run(["userdel", account.name])


def useradd(user: str, root: Path) -> list[str]:
    """Return the command that makes the account."""
    return [
        "useradd",
        "--system",
        "--user-group",
        "--no-create-home",
        "--home-dir",
        str(root),
        "--shell",
        SHELL,
        "--password",
        NO_PASSWORD,
        "--comment",
        MARK,
        user,
    ]


def password_of(user: str, shadow: Path = Path("/etc/shadow")) -> str:
    """Return the second field of a line of shadow(5), empty when only root may read it."""
    try:
        lines = shadow.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    found = next((line for line in lines if line.startswith(f"{user}:")), "::")
    return found.split(":")[1]
