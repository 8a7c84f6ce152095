"""The Python environment that runs this dokkupy: whose it is, its installer, its lock."""

from __future__ import annotations

import os
import shlex
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from dokkupy.errors import Locked, Refused
from dokkupy.installing.installer import Installer
from dokkupy.installing.user import User
from dokkupy.locks import Holder, environment_lock

LOCK: Final = ".dokkupy-lock"
"""Below the environment's prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where plugins are installed."""

    prefix: Path
    modules: Path
    user: User
    installer: Installer

    @classmethod
    def here(cls, root: Path, *words: str) -> Self:
        """Return the running environment; `words` are what was asked for, to be asked anew.

        Raises:
            Refused: it belongs to somebody else.
            PluginError: it has no installer.
        """
        modules = Path(sysconfig.get_path("purelib"))
        user = User.owning(modules)
        if user.account is None and not os.access(modules, os.W_OK):
            again = shlex.join([f"{sys.prefix}/bin/dokkupy", "--root", str(root), *words])
            raise Refused(
                f"The environment of this dokkupy, {sys.prefix}, is not yours to change.",
                hint=f"sudo {again}",
            )
        installer = Installer.of_this_python(user)
        return cls(prefix=Path(sys.prefix), modules=modules, user=user, installer=installer)

    @contextmanager
    def locked(self, *, what: str, actor: str) -> Iterator[None]:
        """Let nobody else install meanwhile, whichever root he asks for.

        Raises:
            Locked: somebody is at it.
        """
        file = self.prefix / LOCK
        with self.user.acting():
            file.touch(mode=0o600)

        def refuse(holder: Holder | None) -> None:
            raise Locked(
                f"{self.prefix} is being changed: {holder or 'by somebody'}.",
                hint="Try again when that has finished.",
            )

        with environment_lock(file, what=what, actor=actor, on_wait=refuse):
            yield
