"""The root folder: where it may lie, and that every file in it is the system user's."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from dokkupy.host.account import Account
from dokkupy.host.finding import Finding, blocked, done, to_do
from dokkupy.host.part import Part
from dokkupy.host.reach import shut
from dokkupy.host.wanted import Wanted

PLAIN: Final = re.compile(r"(?:/[A-Za-z0-9][A-Za-z0-9._-]*)+")
"""Paths that mean themselves to passwd(5), sshd, systemd, cron and nginx alike."""
MODE: Final = 0o755
"""Its owner alone may write, or sshd would not believe the keys in it (StrictModes)."""
_SHARED: Final = stat.S_IWGRP | stat.S_IWOTH


class FolderPart(Part):
    """The folder of the root, the user's from top to bottom."""

    name = "folder"

    def __init__(self, wanted: Wanted, *, with_data: bool = False) -> None:
        self._wanted = wanted
        self._root = wanted.root
        self._with_data = with_data
        """Whether `unmake` removes what people have put there."""

    def look(self) -> Iterator[Finding]:
        """Give whether it is there, and whether it is wholly the user's."""
        root, user = self._root, self._wanted.user
        if not PLAIN.fullmatch(str(root)) or root.resolve() != root:
            yield blocked(
                self.name,
                f"{str(root)!a} is no plain path: letters, digits, dots, dashes, no links.",
                "dokkupy --root /var/lib/dokkupy host setup",
            )
        elif not root.exists():
            yield from self._look_above()
            yield to_do(
                self.name,
                f"Make {root} for {user}.",
                f"install --directory --mode={MODE:o} --owner={user} --group={user} {root}",
            )
        else:
            yield from self._look_above()
            yield from self._look_inside(root.stat())

    def _look_above(self) -> Iterator[Finding]:
        above = next(folder for folder in self._root.parents if folder.exists())
        found = shut(above) if above.is_dir() else above
        if found is not None:
            message = f"{self._wanted.user} may not enter {found}."
            yield blocked(self.name, message, "dokkupy --root /var/lib/dokkupy host setup")

    def _look_inside(self, status: os.stat_result) -> Iterator[Finding]:
        root, user = self._root, self._wanted.user
        account = Account.find(user)
        uid = account.uid if account else -1
        if status.st_uid not in (0, uid) or not (status.st_uid == uid or self._can_be_taken()):
            yield blocked(
                self.name,
                f"{root} is there and is no dokkupy root of {user}'s or of root's.",
                "dokkupy --root OTHER host setup",
            )
            return
        foreign = (status.st_uid != uid) + sum(1 for _ in strays(root, uid))
        if foreign:
            yield to_do(
                self.name,
                f"Give {user} what in {root} is somebody else's: {foreign} files.",
                f"chown -hR {user}:{user} {root}",
            )
        if status.st_mode & _SHARED:
            yield to_do(self.name, f"Let nobody else write to {root}.", f"chmod go-w {root}")
        if not foreign and not status.st_mode & _SHARED:
            yield done(self.name, f"{root} is {user}'s.")

    def _can_be_taken(self) -> bool:
        """Say whether a folder of root's is empty or a dokkupy root, and not just any folder."""
        if (self._root / "state.db").is_file():
            return True
        return self._root.is_dir() and not any(self._root.iterdir())

    def make(self) -> Iterable[str]:
        """Make the folder, or give the user what in it is not his."""
        account = Account.find(self._wanted.user)
        if account is None:
            return ()
        for folder in (*reversed(self._root.parents), self._root):
            if not folder.exists():
                folder.mkdir()
                folder.chmod(MODE)  # whatever our umask is
        give(self._root, account.uid, account.gid)
        self._root.chmod(stat.S_IMODE(self._root.stat().st_mode) & ~_SHARED)
        return ()

    def unmake(self) -> Iterator[str]:
        """Remove the folder if that is wanted; else make it root's, for its owner will be gone."""
        account = Account.at(self._wanted.user, self._root)
        if account is None or not self._root.is_dir() or self._root.stat().st_uid != account.uid:
            return
        if self._with_data:
            yield f"Removing {self._root}"
            shutil.rmtree(self._root)
        elif account.is_ours:
            yield f"Keeping {self._root}, as root's"
            give(self._root, 0, 0)


def strays(root: Path, uid: int) -> Iterator[tuple[int, str]]:
    """Give what below `root` is not the user's: an open folder, and a name in it.

    A file with several names is left out: one of them may be anywhere, and it may be anything.
    """
    for _, folders, files, descriptor in os.fwalk(root, follow_symlinks=False):
        for name in (*folders, *files):
            try:
                status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except FileNotFoundError:  # it has gone meanwhile
                continue
            alone = status.st_nlink == 1 or stat.S_ISDIR(status.st_mode)
            if status.st_uid != uid and alone:
                yield descriptor, name


def give(root: Path, uid: int, gid: int) -> None:
    """Make a user the owner of all that `strays` gives, following no link on the way."""
    os.chown(root, uid, gid, follow_symlinks=False)
    for descriptor, name in strays(root, uid):
        os.chown(name, uid, gid, dir_fd=descriptor, follow_symlinks=False)
