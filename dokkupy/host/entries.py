"""The ways in: the folder that sshd looks into, and the scripts that sshd and git start."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from dokkupy import authorized_keys, entry, git
from dokkupy.host import state
from dokkupy.host.account import Account
from dokkupy.host.finding import Finding, blocked, done, to_do
from dokkupy.host.part import Part
from dokkupy.host.running import own, run
from dokkupy.host.wanted import Wanted
from dokkupy.paths import Paths
from dokkupy.store import Store

LINK: Final = ".ssh"
"""Where sshd looks for keys, below the user's home; it leads to the root's own folder of them."""


class EntriesPart(Part):
    """Keys where sshd reads them, and scripts that start this very dokkupy."""

    name = "keys"

    def __init__(self, wanted: Wanted) -> None:
        self._root = wanted.root
        self._user = wanted.user
        self._paths = Paths(wanted.root)
        self._link = wanted.root / LINK

    def look(self) -> Iterator[Finding]:
        """Give whether sshd finds the keys, and whether the scripts are up to date."""
        if os.path.lexists(self._link) and not self._leads_here():
            yield blocked(
                self.name,
                f"{self._link} is there and is not a link to {self._paths.ssh.name}.",
                f"mv {self._link} {self._link}.old",
            )
            return
        if self._leads_here() and self._knows_keys():
            yield done(self.name, f"sshd finds the keys in {self._link}/authorized_keys.")
        else:
            yield to_do(
                self.name,
                f"Let sshd find the keys of {self._user} in {self._link}/authorized_keys.",
                f"ln -s {self._paths.ssh.name} {self._link}",
            )
        old = self._old_hooks()
        if old:
            yield to_do(self.name, f"Let the hooks of {len(old)} apps start this dokkupy.")

    def _leads_here(self) -> bool:
        return self._link.is_symlink() and str(self._link.readlink()) == self._paths.ssh.name

    def _knows_keys(self) -> bool:
        text = entry.script(authorized_keys.ENTRY)
        keys = self._paths.ssh / "authorized_keys"
        return _read(self._paths.ssh / "entry") == text and keys.exists()

    def _old_hooks(self) -> list[str]:
        text = entry.script(git.HOOK)
        return [
            hook.parent.parent.stem
            for hook in sorted(self._paths.git.glob("*.git/hooks/proc-receive"))
            if _read(hook) != text
        ]

    def make(self) -> Iterable[str]:
        """Link and write them, as the user."""
        account = Account.find(self._user)
        if account is None:
            return ()
        with account.acting():
            if not self._leads_here():
                self._link.symlink_to(self._paths.ssh.name)
            store = Store(self._paths.state_db)
            try:
                with store.write():
                    authorized_keys.write(self._paths, store.keys.list())
            finally:
                store.close()
        known = state.read(self._root).apps
        for app in self._old_hooks():
            if app in known:
                run(own(self._root, "git", "remote", app))
        return ()

    def unmake(self) -> Iterator[str]:
        """Shut every key out; the root keeps knowing them."""
        account = Account.at(self._user, self._root)
        if account is None or not self._leads_here():
            return
        yield "Shutting every key out"
        with account.acting():
            self._link.unlink()


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
