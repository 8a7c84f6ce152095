"""How people far away reach this root: its ssh address, and whether a push may make an app."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from dokkupy.errors import UsageError

if TYPE_CHECKING:
    from dokkupy.names import AppName
    from dokkupy.store.meta import Meta

FAR_VARIABLE: Final = "DOKKUPY_FAR"
"""Set by the ssh entry; sshd takes no such variable from a client."""
_ADDRESS = re.compile(
    r"(?P<user>[A-Za-z_][A-Za-z0-9_.-]*)@(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)"
    r"(?::(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What stands behind `ssh` to get here."""

    user: str
    host: str
    port: int = 22

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `USER@HOST[:PORT]`.

        Raises:
            UsageError: it is not of that form.
        """
        found = _ADDRESS.fullmatch(text)
        port = int(found["port"] or 22) if found else 0
        if not found or not 0 < port < 65536:
            raise UsageError(
                f"{text[:80]!a} is not an ssh address.",
                hint="Write it as USER@HOST or USER@HOST:PORT.",
            )
        return cls(user=found["user"], host=found["host"], port=port)

    @classmethod
    def of(cls, meta: Meta) -> Self | None:
        """Return the root's address, None when nobody has told it."""
        text = meta.get("ssh")
        return cls.parse(text) if text else None

    def __str__(self) -> str:
        return f"{self.user}@{self.host}" + (f":{self.port}" if self.port != 22 else "")

    def url(self, app: AppName) -> str:
        """Return where `git push` finds the app."""
        return f"ssh://{self}/{app}"


def autocreates(meta: Meta) -> bool:
    """Say whether a push over ssh to an unknown app makes it."""
    return meta.get("autocreate", "on") == "on"


def keep_autocreate(meta: Meta, text: str) -> None:
    """Decide whether a push over ssh to an unknown app makes it.

    Raises:
        UsageError: `text` is neither `on` nor `off`.
    """
    if text not in ("on", "off"):
        raise UsageError(f"autocreate cannot be {text!a}.", hint="Use one of: on, off.")
    meta.set("autocreate", text)


def is_far() -> bool:
    """Say whether whoever asks came through an ssh key of dokkupy's and is not on this machine."""
    return FAR_VARIABLE in os.environ
