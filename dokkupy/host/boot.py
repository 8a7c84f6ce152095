"""What starts the proxy and the apps when the machine starts: a unit of systemd."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dokkupy.errors import DokkupyError
from dokkupy.host.finding import Finding, blocked, done, notice, to_do
from dokkupy.host.part import Part
from dokkupy.host.running import find, own, run, told
from dokkupy.host.units import FOLDER, RUNNING, WRITTEN, Units, command_line
from dokkupy.host.wanted import Wanted


def unit(wanted: Wanted, up: Sequence[str], down: Sequence[str]) -> str:
    """Return the text of the unit.

    It is a `oneshot` that stays active: what serves are nginx and the engine, and no process of
    dokkupy's remains. It is not started again with the engine, which brings its containers back
    by itself, and at their old addresses.
    """
    return f"""\
{WRITTEN}\
[Unit]
Description=The proxy and the apps of {wanted.root}
Documentation=man:systemd.service(5)
Wants=network-online.target docker.service
After=network-online.target docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
User={wanted.user}
ExecStart={command_line(up)}
ExecStop={command_line(down)}
TimeoutStopSec=60

[Install]
WantedBy=multi-user.target
"""


class BootPart(Part):
    """The unit and the link that enables it."""

    name = "boot"

    def __init__(self, wanted: Wanted, folder: Path = FOLDER, running: Path = RUNNING) -> None:
        self._root = wanted.root
        self._name = f"{wanted.user}.service"
        self._units = Units(
            wanted.root,
            {self._name: unit(wanted, own(wanted.root, "up"), own(wanted.root, "down"))},
            enabled=self._name,
            wanted_by="multi-user.target",
            folder=folder,
            running=running,
        )

    def look(self) -> Iterator[Finding]:
        """Give whether the unit is there, and whether anything will read it."""
        if find("systemctl") is None:
            yield self._by_hand("There is no systemd here, so nothing starts the apps at boot.")
            return
        if foreign := self._units.foreign():
            message = f"{foreign} is there and is not dokkupy's."
            yield blocked(self.name, message, f"mv {foreign} {foreign}.old")
            return
        if self._units.are_there:
            yield done(self.name, f"{self._name} starts the apps with the machine.")
        else:
            message = f"Start the apps with the machine, by {self._units.file}."
            yield to_do(self.name, message, f"systemctl enable {self._name}")
        if not self._units.are_minded:
            yield self._by_hand("systemd does not run here, so nothing starts the apps at boot.")

    def _by_hand(self, message: str) -> Finding:
        wait = "until docker info >/dev/null 2>&1; do sleep 1; done"
        return notice(
            self.name,
            f"{message} Where cron runs, this line in /etc/cron.d/dokkupy does; else let "
            "whatever starts this machine run its command as root:",
            f"@reboot root {wait}; {shlex.join(own(self._root, 'up'))}",
        )

    def make(self) -> Iterable[str]:
        """Write and enable the unit, which starts nothing yet."""
        self._units.write()
        return ()

    def bring_up(self) -> Iterator[str]:
        """Start everything now, and give what that says.

        Raises:
            DokkupyError: something did not come up; what was said about it is the detail.
        """
        command = self.start()
        try:
            yield from told(command)
        except DokkupyError as error:
            if command[0] != "systemctl":
                raise
            journal = ["journalctl", "--unit", self._name, "--lines", "20", "--output", "cat"]
            raise DokkupyError(
                "Not everything came up.",
                hint=f"See more: journalctl --unit {self._name}",
                detail=run([*journal, "--no-pager"]),
            ) from error

    def start(self) -> list[str]:
        """Return the command that brings everything up now, if possible as it will be at boot."""
        if self._units.are_minded and self._units.are_enabled and not self._is_active():
            return ["systemctl", "start", self._name]
        return own(self._root, "up")

    def _is_active(self) -> bool:
        try:
            run(["systemctl", "is-active", "--quiet", self._name])
        except DokkupyError:
            return False
        return True

    def unmake(self) -> Iterator[str]:
        """Stop and remove the unit, if it is this root's."""
        return self._units.remove()
