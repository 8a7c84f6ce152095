"""A plain Debian root file system made from the machine's own package sources."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dokkupy.errors import BuildFailed
from dokkupy_stack.settings import MachineSettings

REVISION: Final = 1
"""Counts up when the command below changes what it makes, so that cached results are not used."""

_LEAN: Final = (
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/man/*",
)

_TAIL: Final = 20
"""Lines of output shown with a failure."""


def bootstrap_command(codename: str, *, target: Path, sources: Path, options: Path) -> list[str]:
    """Return the command that writes the root of the release `codename` as a tar to `target`."""
    return [
        "mmdebstrap",
        "--variant=apt",
        "--format=tar",
        "--include=ca-certificates",
        "--skip=output/dev",
        f"--aptopt={options}",
        *(f"--dpkgopt={option}" for option in _LEAN),
        # They tell of this machine; the engine mounts its own over them.
        '--customize-hook=rm -f "$1/etc/hostname" "$1/etc/resolv.conf"',
        codename,
        str(target),
        str(sources),
    ]


def bootstrap(settings: MachineSettings, target: Path, on_line: Callable[[str], None]) -> None:
    """Make the tar `target` whole or not at all, telling `on_line` how it goes.

    Raises:
        BuildFailed: the machine lacks the tool or usable package sources, or the tool failed.
    """
    if not settings.sources:
        raise BuildFailed(
            "No registry answers and this machine has no Debian package sources to start from.",
            hint="List them in /etc/apt/sources.list.d, or load an image tagged dokkupy/debian.",
        )
    if shutil.which("mmdebstrap") is None:
        raise BuildFailed(
            "No registry answers, and making a base image needs mmdebstrap.",
            hint="apt-get install mmdebstrap",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="bootstrap-") as directory:
        work = Path(directory)
        sources, options, made = work / "machine.sources", work / "apt.conf", work / "root.tar"
        sources.write_text(settings.apt_sources, encoding="utf-8")
        options.write_text(settings.apt_options, encoding="utf-8")
        command = bootstrap_command(
            settings.codename, target=made, sources=sources, options=options
        )
        _run(command, on_line)
        made.replace(target)


def _run(command: list[str], on_line: Callable[[str], None]) -> None:
    tail: deque[str] = deque(maxlen=_TAIL)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for raw in process.stdout or ():
            line = raw.rstrip()
            tail.append(line)
            on_line(line)
    if process.returncode != 0:
        raise BuildFailed(
            f"mmdebstrap ended with exit code {process.returncode}.",
            hint="See whether the sources answer: apt-get update"
            if os.geteuid() == 0
            else "As root it needs no user namespaces: sudo dokkupy stack ensure",
            detail="\n".join(tail),
        )
