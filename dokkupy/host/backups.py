"""What has the scheduled backups of services made: a timer of systemd."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from dokkupy.host.finding import Finding, blocked, done, notice, to_do
from dokkupy.host.part import Part
from dokkupy.host.running import find, own
from dokkupy.host.units import FOLDER, RUNNING, WRITTEN, Units, command_line
from dokkupy.host.wanted import Wanted

EVERY_MINUTES: Final = 15


def unit(wanted: Wanted, command: Sequence[str]) -> str:
    """Return the text of the unit that makes what is due; it runs beside whatever serves."""
    return f"""\
{WRITTEN}\
[Unit]
Description=The scheduled backups of {wanted.root}
Documentation=man:systemd.service(5)
Wants=docker.service
After=docker.service

[Service]
Type=oneshot
User={wanted.user}
ExecStart={command_line(command)}
Nice=10
"""


def timer(wanted: Wanted) -> str:
    """Return the text of the timer that starts the unit, also for a time that was slept through."""
    return f"""\
{WRITTEN}\
[Unit]
Description=When to look at the scheduled backups of {wanted.root}
Documentation=man:systemd.timer(5)

[Timer]
OnCalendar=*:0/{EVERY_MINUTES}
Persistent=true

[Install]
WantedBy=timers.target
"""


class BackupsPart(Part):
    """The unit, its timer, and the link that enables the timer."""

    name = "backups"

    def __init__(self, wanted: Wanted, folder: Path = FOLDER, running: Path = RUNNING) -> None:
        self._user = wanted.user
        self._timer = f"{wanted.user}-backups.timer"
        self._command = own(wanted.root, "services", "backup-due")
        self._units = Units(
            wanted.root,
            {
                f"{wanted.user}-backups.service": unit(wanted, self._command),
                self._timer: timer(wanted),
            },
            enabled=self._timer,
            wanted_by="timers.target",
            folder=folder,
            running=running,
        )

    def look(self) -> Iterator[Finding]:
        """Give whether the timer is there, and whether anything will mind it."""
        if find("systemctl") is None:
            yield self._by_hand("There is no systemd here, so nothing makes scheduled backups.")
            return
        if foreign := self._units.foreign():
            message = f"{foreign} is there and is not dokkupy's."
            yield blocked(self.name, message, f"mv {foreign} {foreign}.old")
            return
        if self._units.are_there:
            yield done(self.name, f"{self._timer} has scheduled backups made.")
        else:
            message = f"Have scheduled backups made, by {self._units.file}."
            yield to_do(self.name, message, f"systemctl enable --now {self._timer}")
        if not self._units.are_minded:
            yield self._by_hand("systemd does not run here, so nothing makes scheduled backups.")

    def _by_hand(self, message: str) -> Finding:
        return notice(
            self.name,
            f"{message} Where cron runs, this line in /etc/cron.d/dokkupy does:",
            f"*/{EVERY_MINUTES} * * * * {self._user} {shlex.join(self._command)}",
        )

    def make(self) -> Iterable[str]:
        """Write unit and timer, and have systemd mind the timer, if it runs."""
        self._units.write()
        self._units.tell("restart", self._timer)
        return ()

    def unmake(self) -> Iterator[str]:
        """Stop and remove unit and timer, if they are this root's."""
        return self._units.remove()
