"""How to get into a service: where it is, as whom, with what password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from dokkupy.types import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One way in; `repr` keeps the passwords to itself."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    admin_password: str = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)
    """What was chosen for this service of what its kind lets one choose; nothing secret."""

    def variables(self, scheme: str) -> Environment:
        """Return what an app is told, under the names that its alias comes before."""
        url = f"{scheme}://{self.user}:{quote(self.password)}@{self.host}:{self.port}"
        return Environment(
            URL=f"{url}/{self.database}",
            HOST=self.host,
            PORT=str(self.port),
            NAME=self.database,
            USER=self.user,
            PASSWORD=self.password,
        )
