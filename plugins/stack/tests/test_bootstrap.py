from __future__ import annotations

from pathlib import Path

import pytest

from dokkupy.errors import BuildFailed
from dokkupy_stack.apt_settings import AptSource
from dokkupy_stack.bootstrap import bootstrap, bootstrap_command
from dokkupy_stack.settings import MachineSettings

SETTINGS = MachineSettings(
    codename="bookworm",
    sources=(
        AptSource(
            uris=("http://mirror.example/debian",), suites=("bookworm",), components=("main",)
        ),
    ),
)


def tool(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Put a program called mmdebstrap first on PATH that runs `script`."""
    program = folder / "bin/mmdebstrap"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


def test_the_command_says_all_that_decides_the_result() -> None:
    assert bootstrap_command(
        "bookworm", target=Path("/c/root.tar"), sources=Path("/c/s"), options=Path("/c/o")
    ) == [
        "mmdebstrap",
        "--variant=apt",
        "--format=tar",
        "--include=ca-certificates",
        "--skip=output/dev",
        "--aptopt=/c/o",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        "--dpkgopt=path-exclude=/usr/share/info/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        '--customize-hook=rm -f "$1/etc/hostname" "$1/etc/resolv.conf"',
        "bookworm",
        "/c/root.tar",
        "/c/s",
    ]


def test_output_is_told_and_the_tar_appears_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(
        monkeypatch,
        tmp_path,
        'for last; do before=$made; made=$target; target=$last; done; echo "I: $before" >&2;'
        ' printf tar >"$made"',
    )
    lines: list[str] = []
    target = tmp_path / "cache/debian.tar"
    bootstrap(SETTINGS, target, lines.append)
    assert lines == ["I: bookworm"]
    assert target.read_bytes() == b"tar"
    assert list(target.parent.iterdir()) == [target]


def test_a_failure_leaves_nothing_and_shows_what_the_tool_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(monkeypatch, tmp_path, "echo E: no route to mirror >&2; exit 25")
    target = tmp_path / "cache/debian.tar"
    with pytest.raises(BuildFailed, match="exit code 25") as caught:
        bootstrap(SETTINGS, target, lambda _: None)
    assert caught.value.detail == "E: no route to mirror"
    assert list(target.parent.iterdir()) == []


def test_a_machine_without_the_tool_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildFailed) as caught:
        bootstrap(SETTINGS, tmp_path / "debian.tar", lambda _: None)
    assert caught.value.hint == "apt-get install mmdebstrap"


def test_a_machine_without_package_sources_is_told_so(tmp_path: Path) -> None:
    settings = MachineSettings(codename="bookworm", sources=())
    with pytest.raises(BuildFailed, match="no Debian package sources"):
        bootstrap(settings, tmp_path / "debian.tar", lambda _: None)
