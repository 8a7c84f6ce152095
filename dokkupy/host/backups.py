"""What has the scheduled backups of services made: a timer of systemd."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from dokkupy.host.boot import RUNNING, UNITS, WRITTEN, line
from dokkupy.host.finding import Finding, blocked, done, notice, to_do
from dokkupy.host.part import Part
from dokkupy.host.running import find, own, run
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
ExecStart={line(command)}
Nice=10
"""


def timer(wanted: Wanted) -> str:
    """Return the text of the timer that starts the unit, also for a time that was slept through."""
    return f"""\
{WRITTEN}\
[Unit]
Description=When the scheduled backups of {wanted.root} are looked at
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

    def __init__(self, wanted: Wanted, units: Path = UNITS, running: Path = RUNNING) -> None:
        self._root = wanted.root
        self._user = wanted.user
        self._timer = f"{wanted.user}-backups.timer"
        self._command = own(wanted.root, "services", "backup-due")
        self._texts = {
            units / f"{wanted.user}-backups.service": unit(wanted, self._command),
            units / self._timer: timer(wanted),
        }
        self._link = units / "timers.target.wants" / self._timer
        self._running = running

    def look(self) -> Iterator[Finding]:
        """Give whether the timer is there, and whether anything will mind it."""
        if find("systemctl") is None:
            yield self._by_hand("There is no systemd here, so nothing makes scheduled backups.")
            return
        for file in self._texts:
            text = _read(file)
            if text and not text.startswith(WRITTEN):
                message = f"{file} is there and is not dokkupy's."
                yield blocked(self.name, message, f"mv {file} {file}.old")
                return
        if self._link.is_symlink() and all(_read(f) == text for f, text in self._texts.items()):
            yield done(self.name, f"{self._timer} has scheduled backups made.")
        else:
            message = f"Have scheduled backups made, by {self._link.parent.parent / self._timer}."
            yield to_do(self.name, message, f"systemctl enable --now {self._timer}")
        if not self._running.is_dir():
            yield self._by_hand("systemd does not run here, so nothing makes scheduled backups.")

    def _by_hand(self, message: str) -> Finding:
        return notice(
            self.name,
            f"{message} Where cron runs, this line in /etc/cron.d/dokkupy does:",
            f"*/{EVERY_MINUTES} * * * * {self._user} {shlex.join(self._command)}",
        )

    def make(self) -> Iterable[str]:
        """Write unit and timer, and have systemd mind the timer, if it runs."""
        self._link.parent.mkdir(parents=True, exist_ok=True)
        for file, text in self._texts.items():
            fresh = file.with_suffix(f"{file.suffix}.new")
            fresh.write_text(text, encoding="utf-8")
            fresh.chmod(0o644)
            fresh.replace(file)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(self._link.parent.parent / self._timer)
        if self._running.is_dir():
            run(["systemctl", "daemon-reload"])
            run(["systemctl", "restart", self._timer])
        return ()

    def unmake(self) -> Iterator[str]:
        """Stop and remove unit and timer, if they are this root's."""
        own_files = [file for file in self._texts if self._is_own(_read(file))]
        if not own_files:
            return
        yield f"Removing {', '.join(map(str, own_files))}"
        if self._running.is_dir():
            run(["systemctl", "stop", self._timer])
        self._link.unlink(missing_ok=True)
        for file in own_files:
            file.unlink()
        if self._running.is_dir():
            run(["systemctl", "daemon-reload"])

    def _is_own(self, text: str) -> bool:
        return text.startswith(WRITTEN) and str(self._root) in text


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
