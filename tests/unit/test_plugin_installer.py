"""The whole commands that pip and uv are given."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dokkupy.errors import PluginError
from dokkupy.installing.installer import Installer
from dokkupy.installing.user import User

PIP = Installer(kind="pip", program=("python", "-m", "pip"), user=User())
UV = Installer(kind="uv", program=("uv", "pip"), user=User())
STAGE, WHEELS = Path("/stage"), Path("/wheels")


def test_pip_stages_one_thing_without_what_it_needs() -> None:
    assert PIP.staging("dokkupy-plugin-x==1", STAGE) == [
        *("python", "-m", "pip", "install", "--no-input", "--disable-pip-version-check"),
        *("--quiet", "--target", "/stage", "--no-deps", "dokkupy-plugin-x==1"),
    ]


def test_uv_stages_one_thing_anew_without_what_it_needs() -> None:
    assert UV.staging("dokkupy-plugin-x==1", STAGE) == [
        *("uv", "pip", "install", "--quiet", "--python", sys.executable),
        *("--target", "/stage", "--no-deps", "--refresh", "dokkupy-plugin-x==1"),
    ]


def test_needs_are_staged_under_constraints() -> None:
    staging = PIP.staging("words>=2", STAGE, deep=Path("/constraints"))
    assert staging[-5:] == ["--target", "/stage", "--constraint", "/constraints", "words>=2"]


def test_pip_installs_exactly_the_wheels_of_a_folder() -> None:
    assert PIP.installing(WHEELS, ["a==1", "b==2"]) == [
        *("python", "-m", "pip", "install", "--no-input", "--disable-pip-version-check"),
        *("--quiet", "--no-index", "--no-deps", "--find-links", "/wheels"),
        *("--force-reinstall", "a==1", "b==2"),
    ]


def test_uv_installs_exactly_the_wheels_of_a_folder() -> None:
    assert UV.installing(WHEELS, ["a==1", "b==2"]) == [
        *("uv", "pip", "install", "--quiet", "--python", sys.executable),
        *("--no-index", "--no-deps", "--find-links", "/wheels"),
        *("--reinstall-package", "a", "--reinstall-package", "b", "a==1", "b==2"),
    ]


def test_both_take_out_without_asking() -> None:
    assert PIP.removing(["a"])[3:] == [
        *("uninstall", "--no-input", "--disable-pip-version-check", "--quiet", "--yes", "a"),
    ]
    assert UV.removing(["a"])[2:] == ["uninstall", "--quiet", "--python", sys.executable, "a"]


def test_what_an_installer_said_last_is_told_when_it_fails() -> None:
    with pytest.raises(PluginError) as caught:
        PIP.run([sys.executable, "-c", "print('no such wheel'); raise SystemExit(3)"])
    assert caught.value.message == "pip ended with code 3."
    assert caught.value.detail == "no such wheel"


def test_offline_no_setting_of_the_machine_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "/elsewhere")
    monkeypatch.setenv("UV_INDEX", "https://index.example.com")
    program = (
        "import os; print(sorted(k for k in os.environ if k in ('PIP_FIND_LINKS', 'UV_INDEX')),"
        " os.environ['PIP_CONFIG_FILE'], os.environ['UV_NO_CONFIG']); raise SystemExit(1)"
    )
    with pytest.raises(PluginError) as caught:
        PIP.run([sys.executable, "-c", program], offline=True)
    assert caught.value.detail == "[] /dev/null 1"


def test_git_speaks_only_what_is_allowed() -> None:
    program = "import os; print(os.environ['GIT_ALLOW_PROTOCOL']); raise SystemExit(1)"
    with pytest.raises(PluginError) as caught:
        UV.run([sys.executable, "-c", program])
    assert caught.value.detail == "https:ssh:file"
