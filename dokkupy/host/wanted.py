"""What a person wants of a server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dokkupy.names import Name


class UserName(Name):
    """The name of a system user, as useradd(8) recommends."""

    __slots__ = ()
    noun = "user name"
    pattern = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
    rule = "1 to 32 lower-case letters, digits, dashes and underscores, starting with a letter"


DEFAULT_USER: Final = UserName("dokkupy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A server as it shall be."""

    user: UserName
    root: Path
    domain: str
    """Apps are served at APP.DOMAIN; empty when nobody has said it yet."""
    http_port: int
    https_port: int

    @property
    def ports(self) -> tuple[int, int]:
        """The ports of the proxy."""
        return self.http_port, self.https_port
