"""The unit that starts a server with its machine."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dokkupy.errors import DokkupyError
from dokkupy.host import boot
from dokkupy.host import units as systemd
from dokkupy.host.boot import BootPart, unit
from dokkupy.host.finding import Verdict
from dokkupy.host.wanted import UserName, Wanted

WANTED = Wanted(
    user=UserName("dokkupy"),
    root=Path("/var/lib/dokkupy"),
    domain="example.com",
    http_port=80,
    https_port=443,
)
UP = ["/opt/dokkupy/bin/python", "-P", "-m", "dokkupy", "--root", "/var/lib/dokkupy", "up"]
DOWN = [*UP[:-1], "down"]
TEXT = """\
# Written by `dokkupy host setup`; what is changed here by hand is lost.
[Unit]
Description=The proxy and the apps of /var/lib/dokkupy
Documentation=man:systemd.service(5)
Wants=network-online.target docker.service
After=network-online.target docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
User=dokkupy
ExecStart=/opt/dokkupy/bin/python -P -m dokkupy --root /var/lib/dokkupy up
ExecStop=/opt/dokkupy/bin/python -P -m dokkupy --root /var/lib/dokkupy down
TimeoutStopSec=60

[Install]
WantedBy=multi-user.target
"""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    return tmp_path / "units"


@pytest.fixture
def part(units: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BootPart:
    """Give the part on a machine that has systemd installed and not running."""
    monkeypatch.setattr(boot, "find", lambda program: Path("/bin") / program)
    units.mkdir()
    return BootPart(WANTED, units, tmp_path / "not-running")


def verdicts(part: BootPart) -> list[Verdict]:
    return [finding.verdict for finding in part.look()]


def test_the_unit_brings_the_root_up_as_its_user() -> None:
    assert unit(WANTED, UP, DOWN) == TEXT


def test_nothing_in_a_path_is_expanded_by_systemd() -> None:
    text = unit(WANTED, ['/a b/100%/$HOME/"x"\\y', "up"], ["down"])
    assert '\nExecStart="/a b/100%%/$$HOME/\\"x\\"\\\\y" up\n' in text


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    file = tmp_path / "dokkupy.service"
    file.write_text(unit(WANTED, ["/bin/true", "a b", "100%"], ["/bin/true"]))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "dokkupy.service" not in done.stderr


def test_it_is_made_once_and_taken_away(part: BootPart, units: Path) -> None:
    assert verdicts(part) == [Verdict.TO_DO, Verdict.NOTICE]
    assert list(part.make()) == []
    assert verdicts(part) == [Verdict.DONE, Verdict.NOTICE]
    link = units / "multi-user.target.wants" / "dokkupy.service"
    assert link.resolve() == (units / "dokkupy.service").resolve()
    assert (units / "dokkupy.service").stat().st_mode & 0o777 == 0o644
    assert list(part.unmake()) == [f"Removing {units}/dokkupy.service"]
    assert not link.is_symlink()
    assert list(part.unmake()) == []


def test_a_unit_of_somebody_else_is_in_the_way_and_stays(part: BootPart, units: Path) -> None:
    foreign = units / "dokkupy.service"
    foreign.write_text("[Service]\n")
    assert verdicts(part) == [Verdict.BLOCKED]
    assert list(part.unmake()) == []
    assert foreign.read_text() == "[Service]\n"


def test_the_unit_of_another_root_stays(part: BootPart, units: Path, tmp_path: Path) -> None:
    list(part.make())
    other = Wanted(user=WANTED.user, root=Path("/srv/other"), domain="", http_port=1, https_port=2)
    assert list(BootPart(other, units, tmp_path / "no").unmake()) == []
    assert (units / "dokkupy.service").exists()


def test_the_unit_of_a_root_whose_path_begins_alike_stays(
    part: BootPart, units: Path, tmp_path: Path
) -> None:
    list(part.make())
    alike = replace(WANTED, root=Path("/var/lib/dok"))
    assert list(BootPart(alike, units, tmp_path / "no").unmake()) == []
    assert (units / "dokkupy.service").exists()


def test_without_systemd_the_line_for_cron_is_told(
    part: BootPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot, "find", lambda _: None)
    (finding,) = part.look()
    assert finding.verdict is Verdict.NOTICE
    assert finding.command.startswith("@reboot root until docker info")
    assert finding.command.endswith("--root /var/lib/dokkupy up")


def test_where_systemd_runs_it_starts_what_serves(
    part: BootPart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def run(words: list[str]) -> str:
        asked.append(words)
        if "is-active" in words:
            raise DokkupyError("not active")
        return ""

    monkeypatch.setattr(boot, "run", run)
    monkeypatch.setattr(systemd, "run", run)
    assert part.start()[-2:] == ["/var/lib/dokkupy", "up"]
    (tmp_path / "not-running").mkdir()
    list(part.make())
    assert asked == [["systemctl", "daemon-reload"]]
    assert part.start() == ["systemctl", "start", "dokkupy.service"]
    monkeypatch.setattr(boot, "run", lambda _: "")  # it is active, and the proxy is gone
    assert part.start()[-2:] == ["/var/lib/dokkupy", "up"]
