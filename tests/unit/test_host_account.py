"""The system user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dokkupy.errors import UsageError
from dokkupy.host.account import Account, password_of, useradd
from dokkupy.host.processes import end_processes, processes_of
from dokkupy.host.wanted import UserName

ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another user")


def test_the_account_has_no_password_but_is_not_locked() -> None:
    assert useradd("dokkupy", Path("/var/lib/dokkupy")) == [
        "useradd",
        "--system",
        "--user-group",
        "--no-create-home",
        "--home-dir",
        "/var/lib/dokkupy",
        "--shell",
        "/bin/sh",
        "--password",
        "*",
        "--comment",
        "made by dokkupy host setup",
        "dokkupy",
    ]


@pytest.mark.parametrize("name", ["", "-x", "Dokkupy", "a b", "a:b", "a\n", "0abc", "a" * 33])
def test_only_names_that_useradd_recommends_are_taken(name: str) -> None:
    with pytest.raises(UsageError):
        UserName.parse(name)


def test_the_password_field_is_read_of_the_right_line(tmp_path: Path) -> None:
    shadow = tmp_path / "shadow"
    shadow.write_text("dokkupy-2:!x:1:::::\ndokkupy:*:1:::::\n")
    assert password_of("dokkupy", shadow) == "*"
    assert password_of("dokkupy-2", shadow) == "!x"
    assert password_of("ann", shadow) == ""
    assert password_of("ann", tmp_path / "absent") == ""


def test_processes_are_those_of_this_user_outside_of_containers() -> None:
    assert os.getpid() in processes_of(os.geteuid())
    assert processes_of(4_000_000_000) == []


@ONLY_ROOT
def test_files_of_a_block_are_touched_with_the_accounts_rights(tmp_path: Path) -> None:
    nobody = Account.find("nobody")
    assert nobody is not None
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o600)
    with nobody.acting():
        assert not os.access(secret, os.R_OK, effective_ids=True)
        assert os.geteuid() == nobody.uid
    assert (os.geteuid(), os.getegid()) == (0, 0)


@ONLY_ROOT
def test_a_process_that_does_not_mind_a_request_to_end_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dokkupy.host.processes.PATIENCE", 0.3)
    uid = 3_999_999_999  # nobody's
    program = (
        "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('ready', flush=True); signal.pause()"
    )
    with subprocess.Popen(
        [sys.executable, "-IS", "-c", program], user=uid, stdout=subprocess.PIPE, cwd="/"
    ) as stubborn:
        assert stubborn.stdout is not None
        assert stubborn.stdout.readline() == b"ready\n"
        end_processes(uid)
        assert processes_of(uid) == []
    assert stubborn.returncode == -9
