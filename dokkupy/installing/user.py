"""Whose files are touched: the root's owner, the environment's owner, for a super-user who asks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from dokkupy.errors import StateError
from dokkupy.host.account import Account

_FOREIGN: Final = (
    "TMPDIR",
    "UV_CACHE_DIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
)
"""What names folders of the super-user's that nobody else may enter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody whose files these are; `None` is whoever runs this."""

    account: Account | None = None

    @classmethod
    def owning(cls, path: Path) -> Self:
        """Return the owner of a path, when this process is the super-user's and he is another.

        Raises:
            StateError: the owner is no user of this machine.
        """
        if os.geteuid() != 0 or not path.exists() or path.stat().st_uid == 0:
            return cls()
        uid = path.stat().st_uid
        account = Account.of(uid)
        if account is None:
            raise StateError(
                f"{path} belongs to the user {uid}, who does not exist.",
                hint=f"Give it to one who does: chown -R USER {path}",
            )
        return cls(account=account)

    def as_process(self) -> dict[str, Any]:
        """Return what `subprocess` needs to run a program as this user."""
        if self.account is None:
            return {}
        groups = os.getgrouplist(self.account.name, self.account.gid)
        return {"user": self.account.uid, "group": self.account.gid, "extra_groups": groups}

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return an environment for such a program."""
        if self.account is None:
            return dict(given)
        name = self.account.name
        own = {key: value for key, value in given.items() if key not in _FOREIGN}
        return own | {"HOME": str(self.account.home), "USER": name, "LOGNAME": name}

    def acting(self) -> AbstractContextManager[None]:
        """Touch files in a block with this user's rights."""
        return nullcontext() if self.account is None else self.account.acting()
