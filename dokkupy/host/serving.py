"""The ports of the proxy, and the proxy and the apps running."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from dokkupy.host.account import Account
from dokkupy.host.boot import BootPart
from dokkupy.host.finding import Finding, blocked, done, to_do
from dokkupy.host.part import Part
from dokkupy.host.running import own, run, typed
from dokkupy.host.wanted import Wanted
from dokkupy.listening import Holder, holders

WEB_SERVERS: Final = ("nginx", "apache2", "caddy", "haproxy", "lighttpd")
"""Processes that are also services of the distribution by the same name."""


class ServingPart(Part):
    """The proxy at its ports."""

    name = "proxy"

    def __init__(self, wanted: Wanted, boot: BootPart) -> None:
        self._wanted = wanted
        self._boot = boot

    def look(self) -> Iterator[Finding]:
        """Give who else holds the ports, or whether the proxy does."""
        account = Account.find(self._wanted.user)
        uid = account.uid if account else -1
        for option, port in zip(("http", "https"), self._wanted.ports, strict=True):
            for holder in holders(port):
                if holder.uid != uid:
                    yield blocked(
                        self.name,
                        f"Port {port} is taken by {holder}.",
                        self._remedy(holder, option),
                    )
                    return
        if holders(self._wanted.http_port):
            yield done(self.name, f"It serves on port {self._wanted.http_port}.")
        else:
            yield to_do(
                self.name,
                "Start the proxy and the apps that should run.",
                shlex.join(self._boot.start()),
            )

    def _remedy(self, holder: Holder, option: str) -> str:
        other = f"dokkupy host setup --{option}-port N"
        root = self._wanted.root
        if Path(f"/proc/{holder.pid}/cwd").resolve() == root / "proxy":
            return f"{typed(root, 'down')} (as whoever started it)"
        if holder.name in WEB_SERVERS:
            return f"systemctl disable --now {holder.name}, or: {other}"
        return f"Stop it, or: {other}"

    def make(self) -> Iterable[str]:
        """Start them, and give what that says."""
        return self._boot.bring_up()

    def unmake(self) -> Iterator[str]:
        """Stop the proxy and the apps; whatever was under way ends first or with it."""
        root = self._wanted.root
        if Account.at(self._wanted.user, root) is None or not (root / "state.db").is_file():
            return
        yield "Stopping the proxy and the apps"
        run(own(root, "down"))
