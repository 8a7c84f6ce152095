"""The command `dokkupy` where every shell finds it."""

from __future__ import annotations

import os
import pwd
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from dokkupy.host.account import MARK
from dokkupy.host.finding import Finding, done, notice, to_do
from dokkupy.host.part import Part
from dokkupy.host.wanted import Wanted

LINK: Final = Path("/usr/local/bin/dokkupy")


class CommandPart(Part):
    """A link to this dokkupy's command; one that leads elsewhere is left alone."""

    name = "command"

    def __init__(self, wanted: Wanted, link: Path = LINK) -> None:
        self._root = wanted.root
        self._link = link
        self._script = Path(sysconfig.get_path("scripts")) / "dokkupy"

    def look(self) -> Iterator[Finding]:
        """Give where the command leads."""
        if not self._script.exists():
            yield notice(self.name, f"There is no command in {self._script.parent}.")
        elif self._link.exists() and self._link.samefile(self._script):
            yield done(self.name, f"{self._link} is this dokkupy.")
        elif os.path.lexists(self._link):
            message = f"{self._link} is there and is another dokkupy than this one."
            yield notice(self.name, message, f"ln -sf {self._script} {self._link}")
        else:
            message = f"Make the command {self._link}."
            yield to_do(self.name, message, f"ln -s {self._script} {self._link}")

    def make(self) -> Iterable[str]:
        """Make the link where nothing is."""
        self._link.parent.mkdir(parents=True, exist_ok=True)
        self._link.symlink_to(self._script)
        return ()

    def unmake(self) -> Iterator[str]:
        """Remove the link, unless another server of this machine was set up with it."""
        if not self._link.is_symlink() or self._link.readlink() != self._script:
            return
        homes = {entry.pw_dir for entry in pwd.getpwall() if entry.pw_gecos == MARK}
        if not homes - {str(self._root)}:
            yield f"Removing {self._link}"
            self._link.unlink()
