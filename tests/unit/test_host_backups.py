"""The timer that has scheduled backups made."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from dokkupy.host import backups
from dokkupy.host import units as systemd
from dokkupy.host.backups import BackupsPart, timer, unit
from dokkupy.host.finding import Verdict
from dokkupy.host.wanted import UserName, Wanted

WANTED = Wanted(
    user=UserName("dokkupy"),
    root=Path("/var/lib/dokkupy"),
    domain="example.com",
    http_port=80,
    https_port=443,
)
UNIT = """\
# Written by `dokkupy host setup`; what is changed here by hand is lost.
[Unit]
Description=The scheduled backups of /var/lib/dokkupy
Documentation=man:systemd.service(5)
Wants=docker.service
After=docker.service

[Service]
Type=oneshot
User=dokkupy
ExecStart=/opt/dokkupy/bin/dokkupy services backup-due
Nice=10
"""
TIMER = """\
# Written by `dokkupy host setup`; what is changed here by hand is lost.
[Unit]
Description=When to look at the scheduled backups of /var/lib/dokkupy
Documentation=man:systemd.timer(5)

[Timer]
OnCalendar=*:0/15
Persistent=true

[Install]
WantedBy=timers.target
"""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    return tmp_path / "units"


@pytest.fixture
def part(units: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackupsPart:
    """Give the part on a machine that has systemd installed and not running."""
    monkeypatch.setattr(backups, "find", lambda program: Path("/bin") / program)
    units.mkdir()
    return BackupsPart(WANTED, units, tmp_path / "not-running")


def verdicts(part: BackupsPart) -> list[Verdict]:
    return [finding.verdict for finding in part.look()]


def test_the_unit_makes_what_is_due_as_the_roots_user() -> None:
    assert unit(WANTED, ["/opt/dokkupy/bin/dokkupy", "services", "backup-due"]) == UNIT
    assert timer(WANTED) == TIMER


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")
def test_systemd_understands_unit_and_timer(tmp_path: Path) -> None:
    (tmp_path / "d-backups.service").write_text(unit(WANTED, ["/bin/true", "a b", "100%"]))
    (tmp_path / "d-backups.timer").write_text(timer(WANTED))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "d-backups.timer")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "d-backups" not in done.stderr


def test_they_are_made_once_and_taken_away(part: BackupsPart, units: Path) -> None:
    assert verdicts(part) == [Verdict.TO_DO, Verdict.NOTICE]
    assert list(part.make()) == []
    assert verdicts(part) == [Verdict.DONE, Verdict.NOTICE]
    link = units / "timers.target.wants" / "dokkupy-backups.timer"
    assert link.resolve() == (units / "dokkupy-backups.timer").resolve()
    assert (units / "dokkupy-backups.service").stat().st_mode & 0o777 == 0o644
    assert len(list(part.unmake())) == 1
    assert [file for file in units.rglob("*") if not file.is_dir()] == []
    assert list(part.unmake()) == []


def test_a_timer_of_somebody_else_is_in_the_way_and_stays(part: BackupsPart, units: Path) -> None:
    foreign = units / "dokkupy-backups.timer"
    foreign.write_text("[Timer]\n")
    assert verdicts(part) == [Verdict.BLOCKED]
    assert list(part.unmake()) == []
    assert foreign.read_text() == "[Timer]\n"


def test_the_timer_of_another_root_stays(part: BackupsPart, units: Path, tmp_path: Path) -> None:
    list(part.make())
    other = Wanted(user=WANTED.user, root=Path("/srv/other"), domain="", http_port=1, https_port=2)
    assert list(BackupsPart(other, units, tmp_path / "no").unmake()) == []
    assert (units / "dokkupy-backups.timer").exists()


def test_without_systemd_the_line_for_cron_is_told(
    part: BackupsPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "find", lambda _: None)
    (finding,) = part.look()
    assert finding.verdict is Verdict.NOTICE
    assert finding.command.startswith("*/15 * * * * dokkupy /")
    assert finding.command.endswith("--root /var/lib/dokkupy services backup-due")


def test_where_systemd_runs_the_timer_is_started(
    part: BackupsPart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(systemd, "run", asked.append)
    (tmp_path / "not-running").mkdir()
    list(part.make())
    list(part.unmake())
    assert asked == [
        ["systemctl", "daemon-reload"],
        ["systemctl", "restart", "dokkupy-backups.timer"],
        ["systemctl", "stop", "dokkupy-backups.timer"],
        ["systemctl", "daemon-reload"],
    ]
