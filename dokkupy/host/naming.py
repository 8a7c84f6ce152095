"""Whether the names under which apps will be served lead anywhere yet."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Final

from dokkupy.host.finding import Finding, done, notice
from dokkupy.host.part import Part
from dokkupy.host.wanted import Wanted

PROBE: Final = "dokkupy-probe"
PATIENCE: Final = 5.0
"""Seconds that the resolver may take."""


class NamingPart(Part):
    """The wildcard record of the domain."""

    name = "domain"

    def __init__(self, wanted: Wanted) -> None:
        self._domain = wanted.domain

    def look(self) -> Iterator[Finding]:
        """Give what an app's name resolves to; whether that is this machine only a person knows."""
        if not self._domain or self._domain.split(".")[-1] == "localhost":
            return
        addresses = resolve(f"{PROBE}.{self._domain}")
        if addresses:
            message = f"*.{self._domain} leads to {', '.join(addresses)}."
            yield done(self.name, message)
            return
        yield notice(
            self.name,
            f"*.{self._domain} leads nowhere yet, so nobody will find the apps.",
            f"With your DNS provider: *.{self._domain}. A ADDRESS-OF-THIS-SERVER",
        )


def resolve(host: str) -> list[str]:
    """Return the addresses of a host, none when nobody says so in time."""
    try:
        done = subprocess.run(
            ["getent", "ahosts", host],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return list(dict.fromkeys(line.split()[0] for line in done.stdout.splitlines() if line))
