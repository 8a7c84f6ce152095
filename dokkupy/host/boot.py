"""What starts the proxy and the apps when the machine starts: a unit of systemd."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from dokkupy.errors import DokkupyError
from dokkupy.host.finding import Finding, blocked, done, notice, to_do
from dokkupy.host.part import Part
from dokkupy.host.running import find, own, run, told
from dokkupy.host.wanted import Wanted

UNITS: Final = Path("/etc/systemd/system")
RUNNING: Final = Path("/run/systemd/system")
"""There when systemd is this machine's init (sd_booted(3))."""
PLAIN: Final = re.compile(r"[A-Za-z0-9_./=-]+")
"""Words that systemd reads as they are."""
WRITTEN: Final = "# Written by `dokkupy host setup`; what is changed here by hand is lost.\n"


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
ExecStart={line(up)}
ExecStop={line(down)}
TimeoutStopSec=60

[Install]
WantedBy=multi-user.target
"""


def line(words: Sequence[str]) -> str:
    """Return words as a command line of systemd.service(5), nothing in them expanded."""
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return escaped if PLAIN.fullmatch(escaped) else f'"{escaped}"'


class BootPart(Part):
    """The unit and the link that enables it."""

    name = "boot"

    def __init__(self, wanted: Wanted, units: Path = UNITS, running: Path = RUNNING) -> None:
        self._root = wanted.root
        self._name = f"{wanted.user}.service"
        self._file = units / self._name
        self._link = units / "multi-user.target.wants" / self._name
        self._running = running
        self._text = unit(wanted, own(wanted.root, "up"), own(wanted.root, "down"))

    def look(self) -> Iterator[Finding]:
        """Give whether the unit is there, and whether anything will read it."""
        if find("systemctl") is None:
            yield self._by_hand("There is no systemd here, so nothing starts the apps at boot.")
            return
        text = self._read()
        if text and not text.startswith(WRITTEN):
            message = f"{self._file} is there and is not dokkupy's."
            yield blocked(self.name, message, f"mv {self._file} {self._file}.old")
            return
        if text == self._text and self._link.is_symlink():
            yield done(self.name, f"{self._name} starts the apps with the machine.")
        else:
            message = f"Start the apps with the machine, by {self._file}."
            yield to_do(self.name, message, f"systemctl enable {self._name}")
        if not self._running.is_dir():
            yield self._by_hand("systemd does not run here, so nothing starts the apps at boot.")

    def _by_hand(self, message: str) -> Finding:
        wait = "until docker info >/dev/null 2>&1; do sleep 1; done"
        return notice(
            self.name,
            f"{message} Where cron runs, this line in /etc/cron.d/dokkupy does; else let "
            "whatever starts this machine run its command as root:",
            f"@reboot root {wait}; {shlex.join(own(self._root, 'up'))}",
        )

    def _read(self) -> str:
        try:
            return self._file.read_text(encoding="utf-8")
        except OSError:
            return ""

    def make(self) -> Iterable[str]:
        """Write and enable the unit, which starts nothing yet."""
        self._link.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(self._text, encoding="utf-8")
        fresh.chmod(0o644)
        fresh.replace(self._file)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(self._file)
        if self._running.is_dir():
            run(["systemctl", "daemon-reload"])
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
        if self._running.is_dir() and self._link.is_symlink() and not self._is_active():
            return ["systemctl", "start", self._name]
        return own(self._root, "up")

    def _is_active(self) -> bool:
        try:
            run(["systemctl", "is-active", "--quiet", self._name])
        except DokkupyError:
            return False
        return True

    def unmake(self) -> Iterator[str]:
        """Stop and remove the unit, if it is dokkupy's."""
        text = self._read()
        if not text.startswith(WRITTEN) or str(self._root) not in text:
            return
        yield f"Removing {self._file}"
        if self._running.is_dir():
            run(["systemctl", "stop", self._name])
        self._link.unlink(missing_ok=True)
        self._file.unlink()
        if self._running.is_dir():
            run(["systemctl", "daemon-reload"])
